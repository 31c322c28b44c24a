"use strict";
// Passages can be typed or pasted without this. With it, what is selected in the text is added by a button.
{
  const source = document.querySelector("#source");
  const passages = document.querySelector("#passages");
  const picking = document.querySelector(".picking");
  if (source && passages && picking) {
    const button = picking.querySelector("button");
    const told = picking.querySelector("[role=status]");
    picking.hidden = false;
    // In what is read only, keys move no caret and select nothing; here they do, and still change nothing.
    source.readOnly = false;
    source.setAttribute("aria-readonly", "true");
    source.addEventListener("beforeinput", (event) => event.preventDefault());
    button.addEventListener("click", () => {
      const words = source.value.slice(source.selectionStart, source.selectionEnd).trim();
      if (!words) {
        told.textContent = button.dataset.none;
        source.focus();
        return;
      }
      const before = passages.value.trimEnd();
      passages.value = `${before}${before && "\n"}${words}\n`;
      told.textContent = `${button.dataset.added} ${words}`;
    });
  }
}
