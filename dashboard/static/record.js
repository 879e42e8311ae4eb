// The button that records a live source, on its tile and wherever else it is placed.

import { ask, sending } from "./requests.js";
import { tell } from "./dom.js";
import { duration } from "./words.js";

/** @typedef {{source: string, seconds: number, finishing: boolean}} Running */

const EVERY_MS = 2000;

/** @type {Map<HTMLButtonElement, string>} */
const buttons = new Map();
/** @type {Running[]} */
let running = [];
let missing = "";
let askedAt = -Infinity;

/**
 * A button that begins and ends a source's recording.
 * @param {string} source
 * @returns {HTMLButtonElement}
 */
export function recordButton(source) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "record button small";
  button.hidden = source.startsWith("upload-"); // it has tables anyway
  buttons.set(button, source);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    event.stopPropagation(); // a tile opens when it is clicked
    toggle(button, source);
  });
  show(button, source);
  refresh();
  return button;
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} source
 */
async function toggle(button, source) {
  const isRunning = running.some((one) => one.source === source);
  button.disabled = true;
  try {
    await ask(`/api/sources/${source}/recording`, sending(isRunning ? "DELETE" : "POST"));
    button.removeAttribute("data-error");
  } catch (error) {
    button.dataset.error = /** @type {Error} */ (error).message;
  }
  askedAt = -Infinity;
  await refresh();
  button.disabled = false;
  show(button, source);
}

async function refresh() {
  if (performance.now() - askedAt < EVERY_MS / 2) return;
  askedAt = performance.now();
  const said = await ask("/api/recordings?finished=false").catch(() => null);
  if (!said) return;
  running = said.running;
  missing = said.missing ?? "";
  for (const [button, source] of buttons) show(button, source);
}

/**
 * @param {HTMLButtonElement} button
 * @param {string} source
 */
function show(button, source) {
  const one = running.find((other) => other.source === source);
  const state = one ? (one.finishing ? "finishing" : "on") : button.dataset.error ? "failed" : "off";
  button.dataset.state = state;
  tell(button, { off: "Record", failed: "Not recorded", on: one ? `Stop, ${duration(one.seconds)}` : "", finishing: "Finishing" }[state]);
  button.setAttribute("aria-pressed", `${state === "on"}`);
  button.setAttribute("aria-label", `${state === "on" ? "Stop recording" : "Record"} ${source}`);
  const words = "Writes tables of boxes, ids and probabilities, no pictures; see the page Recordings";
  button.title = button.dataset.error ?? (missing || (state === "on" ? "Being recorded; stopping makes the tables" : words));
  button.disabled = Boolean(missing) || state === "finishing";
}

setInterval(() => {
  for (const button of buttons.keys()) if (!button.isConnected) buttons.delete(button);
  if (buttons.size && !document.hidden) refresh();
}, EVERY_MS);
