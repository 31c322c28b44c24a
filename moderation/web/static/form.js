"use strict";
// The forms work without this. With it, preview and sending happen in place, and what is typed outlives a reload.
{
  const FORM = "form[data-draft]";
  const FIELDS = ["author", "email", "text"];
  const TIMEOUT = 30000;
  const find = (selector, root = document) => root.querySelector(selector);
  const key = (slug) => `draft:${slug}`;

  // Drafts: storage may be refused, full or absent, and nothing depends on it.
  const stored = (act) => {
    try {
      return act(localStorage);
    } catch {
      return null;
    }
  };
  const draft = (slug) => stored((storage) => JSON.parse(storage.getItem(key(slug))));
  const forget = (slug) => stored((storage) => storage.removeItem(key(slug)));
  // An answer to one of an article’s contributions is kept apart, under its number.
  const forgetSent = (slug) =>
    stored((storage) => {
      const ours = Object.keys(storage).filter((name) => name === key(slug) || name.startsWith(`${key(slug)}#`));
      for (const name of ours) if (JSON.parse(storage.getItem(name)).sent) storage.removeItem(name);
    });
  const keep = (form, sent) => {
    const slug = form.dataset.draft;
    const typed = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    if (FIELDS.every((name) => !typed[name])) return forget(slug);
    return stored((storage) => {
      storage.setItem(key(slug), JSON.stringify({ ...typed, sent }));
      return true;
    });
  };
  const restore = (form) => {
    const typed = draft(form.dataset.draft);
    for (const name of FIELDS) {
      const field = form.elements[name];
      if (typed && !field.value) field.value = typed[name] || "";
    }
  };

  const unsent = () => find(`${FORM}[data-preview]`);
  const warn = (event) => event.preventDefault();
  const guard = () => (unsent() ? addEventListener : removeEventListener)("beforeunload", warn);

  let shown = location.pathname;
  let replaced = false;
  let busy = false;

  // What the page in view asks for, on arrival and each time it is replaced.
  const begin = () => {
    const sent = find("[data-sent]");
    const form = find(`#contribute ${FORM}`);
    if (sent) forgetSent(sent.dataset.sent);
    if (form) restore(form);
    guard();
  };

  const visit = (answer, address) => {
    const sent = find("[data-sent]", answer);
    const previewed = find(FORM, answer) && unsent();
    find("main").replaceWith(document.adoptNode(find("main", answer)));
    document.body.className = answer.body.className;
    document.title = answer.title;
    // One step back from a preview or a tracking page leads to the article.
    if (replaced || previewed) history.replaceState({}, "", sent ? address : location.href);
    else history.pushState({}, "", sent ? address : location.href);
    shown = location.pathname;
    replaced = true;
    begin();
    const target = find(".problems") || find("main h1");
    target.tabIndex = -1;
    scrollTo(0, 0);
    target.focus({ preventScroll: true });
  };

  const fail = (form, button) => {
    const alert = document.createElement("p");
    alert.className = "warning";
    alert.setAttribute("role", "alert");
    alert.textContent = form.dataset.failure;
    button.parentElement.after(alert);
    button.focus();
  };

  const send = (form, button) => {
    const request = new XMLHttpRequest();
    const data = new FormData(form);
    data.append(button.name, button.value);
    find("[role=alert].warning", form)?.remove();
    busy = button.disabled = true;
    button.setAttribute("aria-busy", "true");
    keep(form, button.value === "send");
    request.open("POST", form.action);
    request.responseType = "document";
    request.timeout = TIMEOUT;
    request.onloadend = () => {
      busy = button.disabled = false;
      button.removeAttribute("aria-busy");
      const answer = request.response;
      if (!answer || !find("[data-sent]", answer)) keep(form, false);
      // Anything that neither shows the text again nor says it was sent would lose it.
      const whole = answer && find(`main :is(${FORM}, [data-sent], #text)`, answer);
      if (whole) visit(answer, request.responseURL);
      else fail(form, button);
    };
    request.send(new URLSearchParams(data));
  };

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches(FORM)) return;
    event.preventDefault();
    if (!busy) send(form, event.submitter || find("button", form));
  });
  addEventListener("input", (event) => {
    const form = event.target.closest(FORM);
    if (form) keep(form, false);
  });
  // Once the page is replaced, a new entry in the history would bring the old one back.
  addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || !replaced) return;
    event.preventDefault();
    find(link.hash).focus();
  });
  addEventListener("popstate", () => {
    if (!replaced && location.pathname === shown) return;
    const form = unsent();
    if (form && keep(form, false)) removeEventListener("beforeunload", warn);
    location.reload();
  });
  begin();
}
