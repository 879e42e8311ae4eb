// Connects to /view, takes one snapshot at a time, draws it, and asks for the next: see dashboard/viewer.py.

import { showProcesses } from "./processes.js";
import { Source } from "./source.js";

const SILENCE_MS = 5000; // the server sends at least once a second
const LONGEST_SILENCE_MS = 60000; // on a slow link
const RETRY_MS = [300, 1000, 2000, 5000];
const READY = JSON.stringify({ focus: null, pictures: "shown" });
const LOST = "connection lost, trying again";

const sources = new Map();
let socket = null;
let retries = 0;
let lastNews = 0;
let patience = SILENCE_MS;

const element = (id) => document.getElementById(id);

function connect() {
  if (socket || document.hidden) return; // a hidden page requests no pictures
  const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/view`);
  mine.binaryType = "arraybuffer";
  mine.onmessage = async ({ data }) => {
    const now = performance.now();
    patience = Math.min(Math.max(SILENCE_MS, 3 * (now - lastNews)), LONGEST_SILENCE_MS);
    lastNews = now;
    const snapshot = await unpack(data);
    if (mine !== socket) return;
    say("live", true);
    retries = 0;
    requestAnimationFrame(() => {
      if (mine !== socket) return;
      try {
        draw(snapshot);
      } finally {
        if (mine.readyState === WebSocket.OPEN) mine.send(READY);
      }
    });
  };
  mine.onclose = () => mine === socket && reconnect();
  mine.onopen = () => mine.send(READY);
  socket = mine;
  lastNews = performance.now();
}

function leave() {
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
  socket = null;
}

function reconnect() {
  leave();
  if (retries) explain();
  else say(LOST, false);
  patience = Math.min(2 * patience, LONGEST_SILENCE_MS);
  setTimeout(connect, RETRY_MS[Math.min(retries++, RETRY_MS.length - 1)]);
}

// A refused WebSocket gives no reason; the same request over HTTP does.
async function explain() {
  const answer = await fetch("/static/icon.svg", { signal: AbortSignal.timeout(SILENCE_MS) }).catch(() => null);
  const text = answer?.status === 401 ? await answer.text() : LOST;
  if (document.body.classList.contains("lost")) say(text, false);
}

function say(text, connected) {
  if (element("connection").textContent !== text) element("connection").textContent = text;
  document.body.classList.toggle("lost", !connected);
}

async function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const snapshot = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let start = 4 + length;
  for (const picture of snapshot.pictures) {
    const jpeg = new Blob([new Uint8Array(buffer, start, picture.bytes)], { type: "image/jpeg" });
    picture.image = await createImageBitmap(jpeg).catch(() => null);
    start += picture.bytes;
  }
  return snapshot;
}

function draw(snapshot) {
  const pictures = new Map(snapshot.pictures.map((picture) => [picture.source, picture]));
  for (const view of snapshot.sources) {
    if (!sources.has(view.source)) sources.set(view.source, new Source(view.source, element("sources")));
    sources.get(view.source).show(asReported(view), pictures.get(view.source), snapshot);
  }
  const listed = new Set(snapshot.sources.map((view) => view.source));
  for (const [name, source] of sources) {
    if (listed.has(name)) continue;
    source.remove();
    sources.delete(name);
  }
  showProcesses(element("processes"), snapshot.processes);
  showFigures(snapshot);
  element("empty").hidden = snapshot.sources.length > 0;
  element("empty").textContent = `Waiting for a source. ${snapshot.waiting}`;
}

const asReported = (view) => ({ ...view, silent: view.state === "silent", smoothed: view.result });

function showFigures({ sources: views, processes }) {
  const captures = processes.filter((process) => process.stage === "capture" && !process.silent);
  const latencies = captures.map((process) => process.latency_ms).filter(Boolean);
  const worst = (key) => (latencies.length ? `${Math.round(Math.max(...latencies.map((l) => l[key])))} ms` : "–");
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  element("fps").textContent = `${sum(views.map((view) => view.results_per_s)).toFixed(1)} /s`;
  element("p50").textContent = worst("p50");
  element("p95").textContent = worst("p95");
  element("skipped").textContent = sum(captures.map((p) => p.counters.skipped ?? 0)).toLocaleString("en");
}

setInterval(() => {
  if (socket && performance.now() - lastNews > patience) reconnect();
}, 1000);
document.addEventListener("visibilitychange", () => (document.hidden ? leave() : connect()));
if (location.search) history.replaceState(null, "", location.pathname); // keeps a token out of the address bar
connect();
