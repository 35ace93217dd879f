// Copyright The Evenkeel Authors.
// SPDX-License-Identifier: Apache-2.0

// Brings the page up to date every three seconds, says so where it cannot, and
// leaves it alone while somebody selects text. Without this file the page reloads
// itself.
"use strict";

const stale = document.querySelector(".stale");
let reached = new Date();

async function refresh() {
  if (!getSelection().isCollapsed || document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(10000) });
    if (!answer.ok && answer.status !== 404) throw new Error(answer.statusText);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const focused = document.activeElement.getAttribute("href");
    document.title = next.title;
    document.querySelector("main").replaceWith(next.querySelector("main"));
    if (focused) [...document.links].find((link) => link.getAttribute("href") === focused)?.focus();
    reached = new Date();
    stale.hidden = true;
  } catch {
    stale.querySelector("span").textContent = reached.toISOString().slice(11, 19) + " UTC";
    stale.hidden = false;
  }
}

(async () => {
  for (;;) {
    await new Promise((done) => setTimeout(done, 3000));
    await refresh();
  }
})();
