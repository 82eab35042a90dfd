// Puts changes into the table as they come, filters them, and shows diffs in a dialog. Rows and
// diffs are HTML of the server's, in which all text is escaped.

const MOST_ROWS = 50;
const ANNOUNCE_MS = 10000;

const byId = (id) => document.getElementById(id);
const table = byId("changes");
const body = table.tBodies[0];
const threshold = byId("threshold");
const slider = byId("slider");
const pause = byId("pause");
const dialog = byId("dialog");

let stream = null;
let lastId = table.dataset.after;
let arrived = 0;

// Filtering

function passes(row) {
  const least = Number(threshold.value);
  return !least || (row.dataset.damage !== "" && Number(row.dataset.damage) >= least);
}

function count() {
  const shown = [...body.rows].filter((row) => !row.hidden).length;
  const text = `${shown} of ${body.rows.length} changes shown.`;
  byId("count").textContent = text;
  byId("waiting").hidden = body.rows.length > 0;
  return text;
}

function filter() {
  for (const row of body.rows) row.hidden = !passes(row);
  return count();
}

let typing = 0;

function announceSoon(text) {
  clearTimeout(typing);
  typing = setTimeout(() => { byId("announcement").textContent = text; }, 500);
}

function useThreshold(from, to) {
  to.value = from.value === "" ? 0 : from.value;
  announceSoon(filter());
}

threshold.addEventListener("input", () => useThreshold(threshold, slider));
slider.addEventListener("input", () => useThreshold(slider, threshold));
byId("filter").addEventListener("submit", (event) => event.preventDefault());

// Changes as they come

function rowOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function put(key, html) {
  const row = rowOf(html);
  row.hidden = !passes(row);
  const before = byId(`change-${key}`);
  if (before) {
    const focused = before.contains(document.activeElement);
    before.replaceWith(row);
    if (focused) row.querySelector("a.diff").focus();
    return;
  }
  row.classList.add("arrived");
  body.prepend(row);
  arrived += 1;
  // Whoever is at an old row keeps it.
  const last = body.rows[body.rows.length - 1];
  if (body.rows.length > MOST_ROWS && !last.contains(document.activeElement)) last.remove();
}

function listen() {
  const asked = new URLSearchParams({ models: table.dataset.models, after: lastId });
  stream = new EventSource(`changes?${asked}`);
  stream.addEventListener("change", (event) => {
    lastId = event.lastEventId;
    const change = JSON.parse(event.data);
    put(change.key, change.row);
    count();
  });
  // Not every failure is one after which a browser tries again by itself.
  stream.addEventListener("error", () => {
    const ended = stream;
    if (ended.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (stream === ended) listen(); }, 5000);
    }
  });
}

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (paused) {
    stream.close();
    stream = null;
  } else {
    listen();
  }
});

setInterval(() => {
  if (arrived) byId("announcement").textContent = `${arrived} new changes. ${count()}`;
  arrived = 0;
}, ANNOUNCE_MS);

// Diffs

let opener = "";

async function show(link) {
  opener = link.closest("tr").id;
  byId("diff").innerHTML = '<h1 id="diff-title">Loading</h1>';
  dialog.showModal();
  try {
    const answer = await fetch(`${link.getAttribute("href")}?part`);
    const text = await answer.text();
    const part = new DOMParser().parseFromString(text, "text/html");
    byId("diff").replaceChildren(part.querySelector(".comparison"));
  } catch {
    location.assign(link.href);
  }
}

table.addEventListener("click", (event) => {
  const link = event.target.closest("a.diff");
  const other = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button;
  if (!link || other) return;
  event.preventDefault();
  show(link);
});

byId("close").addEventListener("click", () => dialog.close());
// Its row may have been replaced since.
dialog.addEventListener("close", () => byId(opener)?.querySelector("a.diff").focus());

for (const control of [slider, pause]) control.hidden = false;
byId("apply").hidden = true;
filter();
listen();
