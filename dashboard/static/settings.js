// What a viewer has chosen, remembered by the browser.

/** @import { Pictures, Settings } from "./types.js" */

const KEY = "affectstream";
/** From the most that a viewer can get to the least. */
export const STRICTNESS = /** @type {Pictures[]} */ (["shown", "blurred", "none"]);

/** @type {Settings} */
export const settings = {
  drawn: { boxes: true, ids: true, labels: true, landmarks: false },
  pictures: "shown",
  smoothing: 0.85,
  theme: "system",
  cameraName: "",
};

/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Calls back after every change.
 * @param {() => void} listener
 */
export function onChange(listener) {
  listeners.add(listener);
}

/**
 * Changes some of the settings and remembers them.
 * @param {Partial<Settings>} changes
 */
export function change(changes) {
  Object.assign(settings, changes);
  applyTheme();
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Without storage they last as long as the page.
  }
  for (const listener of listeners) listener();
}

/**
 * The pictures that a viewer gets: as chosen, and no more than the server allows.
 * @param {Pictures} allowed
 */
export function picturesWithin(allowed) {
  return STRICTNESS[Math.max(STRICTNESS.indexOf(settings.pictures), STRICTNESS.indexOf(allowed))];
}

function applyTheme() {
  if (settings.theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = settings.theme;
}

function restore() {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
  } catch {
    return;
  }
  for (const name of /** @type {("boxes" | "ids" | "labels" | "landmarks")[]} */ (Object.keys(settings.drawn))) {
    if (typeof kept.drawn?.[name] === "boolean") settings.drawn[name] = kept.drawn[name];
  }
  if (STRICTNESS.includes(kept.pictures)) settings.pictures = kept.pictures;
  if (kept.smoothing >= 0 && kept.smoothing < 1) settings.smoothing = kept.smoothing;
  if (["light", "dark"].includes(kept.theme)) settings.theme = kept.theme;
  if (typeof kept.cameraName === "string") settings.cameraName = kept.cameraName;
}

restore();
applyTheme();
