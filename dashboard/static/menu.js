// The menu of what is shown: what is drawn, pictures, smoothing, colour scheme.

import { element } from "./dom.js";
import { change, onChange, picturesWithin, settings, STRICTNESS } from "./settings.js";
import { halfTime } from "./smoothing.js";

/** @import { Pictures, Settings } from "./types.js" */

const MOST = 0.98;

/** Fills the menu and keeps it in step with the settings; returns what tells it the server's limit on pictures. */
export function startMenu() {
  const menu = element("display");
  const inputs = /** @type {NodeListOf<HTMLInputElement>} */ (menu.querySelectorAll("input"));
  /** @type {Pictures} */
  let allowed = "shown";

  const refresh = () => {
    for (const input of inputs) showChoice(input, allowed);
    const half = halfTime(settings.smoothing);
    element("smoothing-words").textContent = half
      ? `Half of a change shows after ${half.toFixed(half < 0.95 ? 2 : 1)} s; timelines and raw marks are not affected.`
      : "Bars show the pipeline’s smoothed values as they come.";
  };
  menu.addEventListener("input", ({ target }) => choose(/** @type {HTMLInputElement} */ (target)));
  onChange(refresh);
  refresh();
  /** @param {Pictures} limit */
  return (limit) => {
    if (limit === allowed) return;
    allowed = limit;
    refresh();
  };
}

/**
 * @param {HTMLInputElement} input
 * @param {Pictures} allowed
 */
function showChoice(input, allowed) {
  if (input.name === "drawn") input.checked = settings.drawn[/** @type {keyof Settings["drawn"]} */ (input.value)];
  else if (input.name === "theme") input.checked = settings.theme === input.value;
  else if (input.name === "smoothing") input.value = `${positionOf(settings.smoothing)}`;
  else if (input.name === "pictures") {
    input.checked = picturesWithin(allowed) === input.value;
    input.disabled = STRICTNESS.indexOf(/** @type {Pictures} */ (input.value)) < STRICTNESS.indexOf(allowed);
  }
}

/** @param {HTMLInputElement} input */
function choose({ name, value, checked }) {
  if (name === "drawn") change({ drawn: { ...settings.drawn, [value]: checked } });
  if (name === "theme") change({ theme: /** @type {Settings["theme"]} */ (value) });
  if (name === "pictures") change({ pictures: /** @type {Pictures} */ (value) });
  if (name === "smoothing") change({ smoothing: smoothingAt(Number(value)) });
}

/**
 * The slider is linear in the time constant, up to that of the most smoothing.
 * @param {number} position - from 0 to 100.
 */
export const smoothingAt = (position) => (position > 0 ? Math.exp((100 / position) * Math.log(MOST)) : 0);

/** @param {number} a */
export const positionOf = (a) => (a > 0 ? Math.round((100 * Math.log(MOST)) / Math.log(a)) : 0);
