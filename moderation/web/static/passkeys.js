// Passkeys: asks the browser to make one or to sign with one, and sends its answer as an ordinary form.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = false;
  form.addEventListener("submit", event => {
    event.preventDefault();
    use(form);
  });
}
for (const words of document.querySelectorAll("[data-unscripted]")) words.hidden = true;

async function use(form) {
  const button = form.querySelector("button");
  say(form, "");
  if (!window.PublicKeyCredential || !window.isSecureContext) return say(form, form.dataset.unable);
  button.disabled = true;
  try {
    const answer = await fetch(form.dataset.passkey, { method: "POST" });
    if (answer.status === 429) return say(form, form.dataset.busy);
    if (!answer.ok || answer.redirected) return say(form, form.dataset.silent);
    const credential = await asked(await answer.json(), "new" in form.dataset);
    form.elements.answer.value = JSON.stringify(credential);
    form.submit();
  } catch (error) {
    const why = { InvalidStateError: "known", SecurityError: "unable", NotSupportedError: "unable", TypeError: "silent" };
    say(form, form.dataset[why[error.name] || "failed"]);
  } finally {
    button.disabled = false;
  }
}

async function asked(options, isNew) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (!isNew) return plain(await navigator.credentials.get({ publicKey }));
  publicKey.user = { ...options.user, id: bytes(options.user.id) };
  publicKey.excludeCredentials = options.excludeCredentials.map(known => ({ ...known, id: bytes(known.id) }));
  return plain(await navigator.credentials.create({ publicKey }));
}

function plain({ id, rawId, type, response }) {
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const said = parts.filter(part => response[part]).map(part => [part, text(response[part])]);
  return { id, rawId: text(rawId), type, response: Object.fromEntries(said) };
}

function bytes(text) {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, character => character.charCodeAt(0));
}

function text(buffer) {
  const raw = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function say(form, words) {
  const place = form.querySelector("[role=alert]:last-of-type");
  place.textContent = words;
  place.className = words ? "error" : "";
}
