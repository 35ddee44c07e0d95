// Asks a security key (WebAuthn) to make or to show a credential, and sends what it says with the form.
"use strict";

function bytes(text) {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function text(buffer) {
  const characters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(characters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function known(list) {
  return (list || []).map((credential) => ({ ...credential, id: bytes(credential.id) }));
}

// What the server wrote as JSON, with its identifiers as bytes.
function options(publicKey) {
  const ready = { ...publicKey, challenge: bytes(publicKey.challenge) };
  if (publicKey.user) ready.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
  if (publicKey.allowCredentials) ready.allowCredentials = known(publicKey.allowCredentials);
  if (publicKey.excludeCredentials) ready.excludeCredentials = known(publicKey.excludeCredentials);
  return { publicKey: ready };
}

function answer(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[part]) response[part] = text(credential.response[part]);
  }
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  };
}

for (const form of document.querySelectorAll("form[data-ceremony]")) {
  const field = form.elements.credential;
  const refused = form.querySelector("[role=alert][hidden]");
  form.querySelector("button").disabled = false; // without this script it could only fail
  form.addEventListener("submit", async (event) => {
    if (field.value) return; // the key has answered
    event.preventDefault();
    const { publicKey } = JSON.parse(form.querySelector("script[type='application/json']").textContent);
    try {
      field.value = JSON.stringify(answer(await navigator.credentials[form.dataset.ceremony](options(publicKey))));
      form.submit();
    } catch {
      refused.hidden = false;
    }
  });
}
