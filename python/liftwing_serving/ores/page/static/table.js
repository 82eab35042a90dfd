// The table of changes: rows put in as they come, and filtered. They are HTML of the server's, in
// which all text is escaped.

const MOST_ROWS = 50;

export const byId = (id) => document.getElementById(id);
export const table = byId("changes");
const body = table.tBodies[0];
const threshold = byId("threshold");
const slider = byId("slider");

// The id of a row that somebody will come back to, beside the one where the focus is.
let kept = "";

export function keep(id) {
  kept = id;
}

function inUse(row) {
  return row.id === kept || row.contains(document.activeElement);
}

function passes(row) {
  const least = Number(threshold.value);
  return !least || (row.dataset.damage !== "" && Number(row.dataset.damage) >= least);
}

// Shows the rows that pass, and takes away those for which there is no room. Returns what it says.
export function filter() {
  for (const row of [...body.rows].slice(MOST_ROWS)) if (!inUse(row)) row.remove();
  for (const row of body.rows) row.hidden = !passes(row) && !inUse(row);
  const shown = [...body.rows].filter((row) => !row.hidden).length;
  const text = `${shown} of ${body.rows.length} changes shown.`;
  byId("count").textContent = text;
  byId("waiting").hidden = body.rows.length > 0;
  byId("nothing").hidden = shown > 0 || !body.rows.length;
  return text;
}

// Puts a row in, at the top or in its earlier self's place. Returns whether it is new and passes.
export function put(key, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const row = template.content.firstElementChild;
  const before = byId(`change-${key}`);
  if (before) {
    const focused = before.contains(document.activeElement);
    before.replaceWith(row);
    if (focused) row.querySelector("a.diff").focus();
  } else {
    row.classList.add("arrived");
    body.prepend(row);
  }
  filter();
  return !before && passes(row);
}

function useThreshold(from, to, changed) {
  to.value = from.value === "" ? 0 : from.value;
  changed(filter());
  // So that it is there when the page is loaded again, and for whom it is sent to.
  const address = Number(to.value) ? `?threshold=${to.value}` : location.pathname;
  history.replaceState(null, "", address);
}

// Calls `changed` with what is said of the table whenever somebody moves the threshold.
export function watchThreshold(changed) {
  threshold.addEventListener("input", () => useThreshold(threshold, slider, changed));
  slider.addEventListener("input", () => useThreshold(slider, threshold, changed));
  // The slider has only what there can be.
  threshold.addEventListener("change", () => { threshold.value = slider.value; });
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
}
