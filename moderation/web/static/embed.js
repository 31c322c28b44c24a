"use strict";
// A forum in the page of another site: <script src="…/embed.js" data-thread="le-pont" async></script>.
// Without it, the link in <noscript> leads to the forum; with it, all happens in the page.
{
  const script = document.currentScript;
  const thread = script.dataset.thread;
  const address = new URL(`articles/${thread}/fragment`, script.src);
  const TIMEOUT = 30000;
  // In a layer, so that the styles of the page have the last word.
  const LOOKS = `
    @layer moderation {
      .moderation { --moderation-line: currentColor; --moderation-gap: 1.25rem; font: inherit; color: inherit }
      .moderation ol { margin: 0; padding: 0; list-style: none }
      .moderation li, .moderation .sheet { padding-block: var(--moderation-gap); border-top: 1px solid var(--moderation-line) }
      .moderation fieldset { margin: 0 0 var(--moderation-gap); padding: 0; border: 0; min-width: 0 }
      .moderation .field { display: flex; flex-direction: column; gap: .25rem }
      .moderation input, .moderation textarea, .moderation button { box-sizing: border-box; width: 100%; min-height: 2.75rem; padding: .5rem; font: inherit; color: inherit; background: var(--moderation-field, transparent); border: 1px solid var(--moderation-line); border-radius: 4px }
      .moderation button { width: auto; padding-inline: 1.25rem; cursor: pointer }
      .moderation button.primary { color: var(--moderation-on-accent, Canvas); background: var(--moderation-accent, CanvasText); border-color: transparent }
      .moderation legend, .moderation .author { padding: 0; font-weight: bold }
      .moderation a { color: var(--moderation-accent, LinkText) }
      .moderation footer, .moderation .hint, .moderation .optional { font-size: .875em }
      .moderation .text, .moderation .address { overflow-wrap: anywhere }
      .moderation .error, .moderation .warning, .moderation .problems { font-weight: bold }
      .moderation [hidden] { display: none }
    }`;

  // A page may ask for trusted types: everything here comes from the forum, which has cleaned it.
  const asIs = { createHTML: (html) => html };
  const policy = window.trustedTypes ? trustedTypes.createPolicy("moderation", asIs) : asIs;
  const parts = (html) => new DOMParser().parseFromString(policy.createHTML(html), "text/html").body.children;
  const ask = async (options) => {
    const answer = await fetch(address, { credentials: "omit", signal: AbortSignal.timeout(TIMEOUT), ...options });
    const html = await answer.text();
    if (!html.includes("moderation")) throw new Error(answer.status);
    return parts(html)[0];
  };

  const show = (part) => {
    const old = place.querySelector(".moderation-contribute");
    old.replaceWith(document.adoptNode(part));
    const title = part.querySelector(".problems") || part.querySelector("h2");
    title.tabIndex = -1;
    title.focus();
    title.scrollIntoView({ block: "nearest" });
  };

  let busy = false;
  const send = async (event) => {
    const form = event.target.closest("form");
    if (!form || !event.submitter) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    form.querySelector(".failed")?.remove();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    try {
      show(await ask({ method: "POST", body }));
    } catch {
      const failed = document.createElement("p");
      failed.className = "warning failed";
      failed.setAttribute("role", "alert");
      failed.textContent = form.dataset.failure;
      event.submitter.parentElement.after(failed);
      event.submitter.focus();
    }
    busy = false;
  };

  const place = document.createElement("div");
  place.addEventListener("submit", send);
  script.after(place);
  ask({})
    .then((forum) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(LOOKS);
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
      place.append(document.adoptNode(forum));
      const told = location.hash && place.querySelector(`[id="${CSS.escape(location.hash.slice(1))}"]`);
      if (told) told.scrollIntoView();
    })
    .catch(() => {
      const link = document.createElement("a");
      link.href = new URL(`articles/${thread}`, script.src);
      link.textContent = script.dataset.link || link.href;
      place.append(link);
    });
}
