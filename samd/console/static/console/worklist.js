// Asks for the rows again every few seconds, and says so when they may be out of date.
"use strict";

const EVERY = 5000; // milliseconds
const rows = document.getElementById("rows");
const fresh = document.getElementById("fresh");
const stale = document.getElementById("stale");
let shown = "";
let lastTime = clock();

function clock() {
  return new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
}

function show(html) {
  if (html === shown) return;
  const focused = rows.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  rows.innerHTML = html;
  shown = html;
  if (focused) [...rows.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
}

async function refresh() {
  if (document.hidden) return;
  try {
    const response = await fetch(rows.dataset.source, { cache: "no-store" });
    if (response.redirected) return window.location.reload(); // logged out: to the login page
    if (!response.ok) throw new Error(String(response.status));
    show(await response.text());
    lastTime = clock();
    stale.hidden = true;
  } catch {
    if (stale.hidden) stale.textContent = `${stale.dataset.words} ${lastTime}`;
    stale.hidden = false;
  }
  fresh.querySelector("time").textContent = lastTime;
  fresh.hidden = !stale.hidden;
}

setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
