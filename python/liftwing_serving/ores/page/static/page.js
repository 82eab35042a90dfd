// Changes as they come, and what is said of them.

import { showDiffsHere } from "./diffs.js";
import { byId, filter, put, table, watchThreshold } from "./table.js";

const ANNOUNCE_MS = 10000;
// The server says every 15 seconds that it is there.
const SILENCE_MS = 40000;
const AGAIN_MS = 5000;

const pause = byId("pause");

let stream = null;
let lastId = table.dataset.after;
let heard = 0;
let arrived = 0;

function tell(state) {
  const shown = byId("state");
  if (shown.textContent !== state) shown.textContent = state;
}

function hear() {
  heard = Date.now();
  tell("Live: new changes appear by themselves.");
}

function listen() {
  stream?.close();
  const asked = new URLSearchParams({ models: table.dataset.models, after: lastId });
  stream = new EventSource(`changes?${asked}`);
  heard = Date.now();
  stream.addEventListener("open", hear);
  stream.addEventListener("alive", hear);
  stream.addEventListener("change", (event) => {
    hear();
    lastId = event.lastEventId;
    const change = JSON.parse(event.data);
    arrived += put(change.key, change.row);
  });
  // Not every failure is one after which a browser tries again by itself.
  stream.addEventListener("error", () => {
    tell("The connection is lost. Trying again …");
    const ended = stream;
    if (ended.readyState === EventSource.CLOSED) {
      setTimeout(() => { if (stream === ended) listen(); }, AGAIN_MS);
    }
  });
}

// A server that hangs closes nothing.
setInterval(() => {
  if (stream && Date.now() - heard > SILENCE_MS) {
    tell("The server is silent. Trying again …");
    listen();
  }
}, 1000);

pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (paused) {
    stream.close();
    stream = null;
    tell("Paused.");
  } else {
    listen();
  }
});

// What a screen reader is told

function announce(text) {
  byId("announcement").textContent = text;
}

setInterval(() => {
  if (arrived) announce(`${arrived} new ${arrived === 1 ? "change" : "changes"}. ${filter()}`);
  arrived = 0;
}, ANNOUNCE_MS);

let typing = 0;
watchThreshold((text) => {
  clearTimeout(typing);
  typing = setTimeout(announce, 500, text);
});
showDiffsHere();

for (const control of [byId("slider"), pause]) control.hidden = false;
byId("apply").hidden = true;
filter();
listen();
