// Diffs in a dialog, of which only the one that was asked for last is shown.

import { byId, keep, table } from "./table.js";

const dialog = byId("dialog");

let asked = new AbortController();
let opener = "";

function titled(text) {
  const title = document.createElement("h1");
  title.id = "diff-title";
  title.textContent = text;
  return title;
}

function excuse(link) {
  const text = document.createElement("p");
  const page = document.createElement("a");
  page.href = link.href;
  page.textContent = "a page of its own";
  text.append("The diff did not come. Try ", page, ".");
  return [titled("Sorry"), text];
}

async function comparisonAt(link, signal) {
  const answer = await fetch(`${link.getAttribute("href")}?part`, { signal });
  const document = new DOMParser().parseFromString(await answer.text(), "text/html");
  const comparison = document.querySelector(".comparison");
  if (!comparison) throw new Error(`status ${answer.status}`);
  return [comparison];
}

async function show(link) {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  opener = link.closest("tr").id;
  keep(opener);
  byId("diff").replaceChildren(titled("Loading"));
  dialog.showModal();
  let content;
  try {
    content = await comparisonAt(link, signal);
  } catch {
    content = excuse(link);
  }
  if (signal.aborted) return;
  byId("diff").replaceChildren(...content);
  // Has a screen reader tell that it came.
  byId("diff-title").tabIndex = -1;
  byId("diff-title").focus();
}

export function showDiffsHere() {
  table.addEventListener("click", (event) => {
    const link = event.target.closest("a.diff");
    const other = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button;
    if (!link || other) return;
    event.preventDefault();
    show(link);
  });
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    // The event comes late, and another diff may have been opened since.
    if (dialog.open) return;
    asked.abort();
    // Its row may have been replaced since, but is there.
    byId(opener)?.querySelector("a.diff").focus();
    keep("");
  });
}
