"use strict";
// The desk works without this. With it, each decision happens in place, and keys do what buttons do.
{
  const TIMEOUT = 30000;
  const DECIDES = ["publish", "refuse", "spam", "take_down", "ask"];
  const TYPING = "input:not([type=checkbox]), textarea, select";
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  let busy = false;
  let ticking = 0;

  // A live region speaks of what changes in it, and not of what it came with.
  const announce = () => {
    const said = all("main [role=status] > .done");
    for (const one of said) one.hidden = true;
    setTimeout(() => said.forEach((one) => { one.hidden = false; }), 50);
  };

  // What can be undone says for how long; after that, the way to go back on it takes its place.
  const count = () => {
    clearInterval(ticking);
    const undo = find("[data-seconds]");
    if (!undo) return;
    const end = performance.now() + undo.dataset.seconds * 1000;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      const over = left <= 0;
      const told = find(".left", undo);
      if (told) told.textContent = over ? "" : undo.dataset.left.replace("#", left);
      if (!over) return;
      clearInterval(ticking);
      const form = find("form", undo);
      const held = form.contains(document.activeElement);
      form.hidden = true;
      const after = find(".after", undo);
      after.hidden = false;
      if (held) find("a", after).focus();
    };
    ticking = setInterval(tick, 1000);
    tick();
  };

  // What the others do: told beside what one is reading, which stays where it is until it is asked for.
  const EVERY = 15000;
  const LONGEST = 240000;
  let pause = EVERY;
  let told = "";

  const request = (method, address, then) => {
    const sent = new XMLHttpRequest();
    sent.open(method, address);
    sent.timeout = TIMEOUT;
    sent.onloadend = () => then(sent);
    sent.send();
  };

  const reading = () => {
    const open = find("[data-reading]");
    if (open && !document.hidden) request("POST", open.dataset.reading, () => {});
  };

  const tell = ({ arrived, moved }) => {
    const live = find(".live");
    const places = find("[data-changes]");
    const words = moved || arrived;
    if (!live || !places || words === told) return;
    told = words;
    live.replaceChildren();
    if (!words) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = moved ? `${moved} ${places.dataset.reopen}` : arrived;
    button.addEventListener("click", () => busy || ask("GET", places.dataset.afresh, null, button, "replaceState"));
    live.append(button);
  };

  const watch = () => {
    const places = find("[data-changes]");
    if (document.hidden || !places) return void setTimeout(watch, pause);
    const address = places.dataset.changes;
    request("GET", address, ({ status, responseText }) => {
      pause = status === 200 ? EVERY : Math.min(pause * 2, LONGEST);
      if (status === 200 && find("[data-changes]")?.dataset.changes === address) tell(JSON.parse(responseText));
      setTimeout(watch, pause);
    });
  };

  // What is picked in a list, wherever in it: kept until something is done with it.
  const list = () => find("form.picks[data-list]");
  const PICKED = "picked ";
  const read = (name) => JSON.parse(sessionStorage.getItem(name) || "[]");
  const kept = (form) => read(PICKED + form.dataset.list);
  const keep = (form, words) => sessionStorage.setItem(PICKED + form.dataset.list, JSON.stringify(words));
  const comment = (word) => word.split(":")[0];
  const boxes = (form) => all("input[type=checkbox][name=selected]", form);

  const tally = (form) => {
    const told = find(".picked", form);
    const elsewhere = all("input[type=hidden][name=selected]", form).length;
    const number = boxes(form).filter((box) => box.checked).length + elsewhere;
    form.classList.toggle("elsewhere", elsewhere > 0);
    if (!told) return;
    const words = told.dataset[number > 1 ? "many" : number ? "one" : "none"].replace("%", number);
    if (told.textContent !== words) told.textContent = words;
  };

  const hold = (form) => {
    const here = boxes(form).map((box) => comment(box.value));
    const checked = boxes(form).filter((box) => box.checked).map((box) => box.value);
    if (form.dataset.list) keep(form, [...kept(form).filter((word) => !here.includes(comment(word))), ...checked]);
    tally(form);
  };

  const restore = () => {
    const form = list();
    if (form) {
      const hidden = all("input[type=hidden][name=selected]", form);
      const words = new Set([...kept(form), ...hidden.map((field) => field.value)]);
      hidden.forEach((field) => field.remove());
      for (const box of boxes(form)) if (words.has(box.value)) box.checked = true;
      const here = boxes(form).map((box) => comment(box.value));
      const elsewhere = [...words].filter((word) => !here.includes(comment(word)));
      for (const word of elsewhere) {
        const field = Object.assign(document.createElement("input"), { type: "hidden", name: "selected", value: word });
        form.append(field);
      }
      keep(form, [...elsewhere, ...boxes(form).filter((box) => box.checked).map((box) => box.value)]);
    }
    all("form.picks").forEach(tally);
  };

  // A note that is being written waits for one to come back to what it is about.
  const NOTE = "note ";
  const noting = () => find("[data-item] textarea[data-do=note]");
  const noted = () => NOTE + find("[data-item]").dataset.item;
  const putBy = () => {
    if (noting()?.value.trim()) sessionStorage.setItem(noted(), noting().value);
    else if (noting()) sessionStorage.removeItem(noted());
  };
  const takeUp = () => {
    if (noting() && !noting().value) noting().value = sessionStorage.getItem(noted()) || "";
  };

  // What was decided is no longer picked.
  const release = (data, address) => {
    const done = new Set(data.getAll("selected").map(comment));
    const alone = address.match(/\/desk\/comments\/([0-9a-z]+)\//);
    if (alone && data.has("revision")) done.add(alone[1]);
    for (const name of Object.keys(sessionStorage).filter((key) => key.startsWith(PICKED))) {
      sessionStorage.setItem(name, JSON.stringify(read(name).filter((word) => !done.has(comment(word)))));
    }
  };

  const begin = () => {
    restore();
    takeUp();
    const keys = find("[data-keys]");
    const known = keys ? JSON.parse(keys.dataset.keys) : {};
    document.body.classList.toggle("keyed", Boolean(keys));
    for (const element of all("[data-do]")) {
      const target = find("button, summary", element) || element;
      if (known[element.dataset.do]) target.setAttribute("aria-keyshortcuts", known[element.dataset.do]);
    }
    // Here, to open is to read.
    all(".read").forEach((button) => button.remove());
    count();
    announce();
    reading();
    told = "";
  };

  const focus = () => {
    const target = find("main [aria-invalid=true]") || find("main .error[role=alert]") || find("#title") || find("h1");
    if (!target.matches("a, button, input, textarea")) target.tabIndex = -1;
    // On a phone what was done comes first, and the next text is in sight.
    const top = find("main .told");
    if (matchMedia("(max-width: 48rem)").matches && find(".done, .warning", top)) top.scrollIntoView();
    else scrollTo(0, 0);
    target.focus({ preventScroll: true });
  };

  const show = (answer, address, way) => {
    find("main").replaceWith(document.adoptNode(find("main", answer)));
    document.title = answer.title;
    if (way) history[way]({}, "", address);
    begin();
    focus();
  };

  const warn = (words, link) => {
    const alert = document.createElement("div");
    alert.className = "warning";
    alert.setAttribute("role", "alert");
    alert.textContent = words;
    find("main .warning.failed")?.remove();
    alert.classList.add("failed");
    if (link) {
      const there = Object.assign(document.createElement("a"), { href: link, target: "_blank", rel: "noopener" });
      there.textContent = find("[data-sign-in-words]").dataset.signInWords;
      alert.append(" ", there);
    }
    find("main .told").append(alert);
    alert.scrollIntoView({ block: "nearest" });
  };

  const ask = (method, address, data, button, way, told) => {
    const request = new XMLHttpRequest();
    const places = find(".places");
    const note = noting() && noted();
    putBy();
    busy = true;
    button?.setAttribute("aria-busy", "true");
    request.open(method, address);
    request.responseType = "document";
    request.timeout = TIMEOUT;
    request.onloadend = () => {
      busy = false;
      button?.removeAttribute("aria-busy");
      const answer = request.response;
      if (answer && find("main .places", answer)) {
        if (request.status < 400 && method === "POST") release(data, told);
        if (request.status < 400 && data?.get("internal")) sessionStorage.removeItem(note);
        show(answer, request.responseURL, way);
      }
      else if (method === "GET" && answer) location.href = address;
      else if (request.status === 401) warn(places.dataset.signedOut, places.dataset.signIn);
      else warn(places.dataset.failure);
    };
    request.send(data);
  };

  const methodOf = (form, button) => button?.getAttribute("formmethod") || form.getAttribute("method") || "get";
  const send = (form, button) => {
    const data = new URLSearchParams(new FormData(form));
    if (button?.name) data.append(button.name, button.value);
    const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
    if (methodOf(form, button) === "post") return ask("POST", address, data, button, "replaceState", address);
    if (form.matches("[data-list]") && !address.endsWith("/bulk")) data.delete("selected");
    ask("GET", `${address.split("?")[0]}?${data}`, null, button, "pushState");
  };

  // All of those shown, or none at all: nothing to ask the site for.
  const pick = (form, every) => {
    for (const box of boxes(form)) box.checked = every;
    if (!every) {
      all("input[type=hidden][name=selected]", form).forEach((field) => field.remove());
      if (form.dataset.list) keep(form, []);
    }
    hold(form);
  };

  const press = (name) => {
    const target = find(`[data-do="${name}"]`);
    if (!target) return false;
    if (target.matches("form")) target.requestSubmit();
    else if (target.matches("input[type=checkbox]")) target.click();
    else if (target.matches("input")) target.select();
    else if (target.matches("a, button")) target.click();
    else if (target.matches("textarea")) target.focus();
    else if (target.matches("dialog")) target.open ? target.close() : target.showModal();
    else unfold(target);
    return true;
  };

  const unfold = (details) => {
    details.open = !details.open;
    (details.open ? find(".reasons button", details) || find("textarea", details) : find("summary", details)).focus();
  };

  // The row of digits gives others on some keyboards, unless shifted.
  const digit = (event) => (/^(Digit|Numpad)\d$/.test(event.code) ? event.code.slice(-1) : event.key);

  addEventListener("keydown", (event) => {
    const refusing = find("details.refuse[open]");
    const unfolded = event.target.closest("details.ask[open]") || refusing || find("details.ask[open]");
    if (event.key === "Escape" && unfolded) return unfold(unfolded);
    const keys = find("[data-keys]");
    const others = event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing;
    if (!keys || others || event.target.closest(TYPING) || event.defaultPrevented) return;
    const wanted = refusing && find(`button[data-key="${CSS.escape(digit(event))}"]`, refusing);
    const known = Object.entries(JSON.parse(keys.dataset.keys)).find(([, key]) => key === event.key);
    if (!wanted && !known) return;
    // What was meant for a state it is no longer in is not done to another by the same key.
    if (find("main [data-stale]") && (wanted || DECIDES.includes(known[0]))) return;
    const dialog = find("dialog[open]");
    if (dialog && known?.[0] !== dialog.dataset.do) return;
    event.preventDefault();
    // What comes before the next text is there was meant for the one before.
    if (busy) return;
    if (wanted) wanted.click();
    else press(known[0]);
  });
  addEventListener("submit", (event) => {
    const form = event.target;
    const button = event.submitter;
    if (form.matches(".find")) {
      event.preventDefault();
      const said = [...new FormData(form)].filter(([, value]) => value);
      if (!busy) ask("GET", `${form.action}?${new URLSearchParams(said)}`, null, button, "pushState");
      return;
    }
    const ours = form.matches(".picks") || methodOf(form, button) === "post";
    if (!form.closest(".places, .told") || !ours || form.dataset.whole !== undefined) return;
    event.preventDefault();
    if (button?.name === "pick" && button.value !== "same") return pick(form, button.value === "all");
    if (!busy) send(form, button);
  });
  addEventListener("click", (event) => {
    const link = event.target.closest("a[data-do], .listed a, .done a");
    const other = event.ctrlKey || event.shiftKey || event.metaKey || event.altKey || event.button;
    if (!link || other || event.defaultPrevented || link.origin !== location.origin) return;
    event.preventDefault();
    if (!busy) ask("GET", link.href, null, link, "pushState");
  });
  addEventListener("change", (event) => {
    const form = event.target.closest("form.picks");
    if (form && event.target.name === "selected") hold(form);
  });
  addEventListener("popstate", () => ask("GET", location.href, null, null, null));
  begin();
  setInterval(reading, 60000);
  setTimeout(watch, EVERY);
}
