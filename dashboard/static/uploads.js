// The list of uploads: how far each is, and what can be done with it.

import { ask, sending } from "./requests.js";
import { element, tell } from "./dom.js";
import { button, link, List } from "./lists.js";
import { clock, counted, size } from "./quantities.js";

/** @typedef {{id: string, source: string, name: string, bytes: number, state: string, error: string | null, frames: number, seconds: number, missing: number, is_picture: boolean, tables: string[]}} Upload */
/** @typedef {{most_mb: number, films_shown: boolean, confident: number, without_tables: string | null, uploads: Upload[]}} Uploaded */

/** @type {Map<string, number>} */
const lengths = new Map(); // in seconds, as far as the browser can tell
/** @type {Set<string>} */
const asked = new Set();

export class Uploads {
  constructor() {
    this.list = new List(element("uploads"));
  }

  /** @param {Uploaded} said */
  show({ most_mb: most, films_shown: shown, without_tables: missing, uploads }) {
    const tables = missing ? ` Tables need the recorder: ${missing.replace(/^.*?: /, "")}.` : "";
    tell(element("rules"), `Up to ${size(most * 2 ** 20)}. Nothing is analysed in the browser.${tables}`);
    for (const upload of uploads) if (shown && !upload.is_picture) measure(upload.id);
    this.list.show(uploads.map(item));
  }
}

/** @param {Upload} upload */
function item(upload) {
  const { id, state, name, frames } = upload;
  const canLook = frames > 0 || state === "done";
  return {
    key: id,
    name,
    facts: factsOf(upload),
    isBad: state === "failed",
    share: state === "opening" || state === "running" || state === "finishing" ? shareOf(upload) : null,
    toolsKey: `${canLook}`,
    tools: () => [...(canLook ? [link("Look", `#${id}`, "look")] : []), button("Delete", () => remove(id), "danger")],
  };
}

/** @param {Upload} upload */
export function factsOf({ id, bytes, state, error, frames, seconds, missing, is_picture: isPicture }) {
  if (state === "failed") return error ?? "It failed.";
  if (state === "done" && isPicture) return `${size(bytes)} · a picture`;
  const so = `${counted(frames, "frame")}, ${clock(seconds)}`;
  const lost = missing ? `; ${counted(missing, "frame")} did not reach this page, the tables have them` : "";
  if (state === "opening") return `${size(bytes)} · waiting for the pipeline`;
  if (state === "running") return `${percentOf(id, seconds)}${so} analysed`;
  if (state === "finishing") return `${so} analysed, tables are being made`;
  return `${size(bytes)} · ${so}${lost}`;
}

/** @param {Upload} upload */
function shareOf({ id, seconds, state }) {
  if (state === "finishing") return 1;
  const whole = lengths.get(id);
  return whole ? Math.min(1, seconds / whole) : null;
}

/**
 * @param {string} id
 * @param {number} seconds
 */
function percentOf(id, seconds) {
  const whole = lengths.get(id);
  return whole ? `${Math.min(100, Math.round((100 * seconds) / whole))} % · ` : "";
}

// A film's length, where the browser can play it.
/** @param {string} id */
function measure(id) {
  if (asked.has(id)) return;
  asked.add(id);
  const video = document.createElement("video");
  video.preload = "metadata";
  video.onloadedmetadata = () => {
    if (Number.isFinite(video.duration)) lengths.set(id, video.duration);
    video.removeAttribute("src");
    video.load(); // lets go of the file
  };
  video.src = `/api/uploads/${id}/media`;
}

/** @param {string} id */
async function remove(id) {
  asked.delete(id);
  lengths.delete(id);
  if (location.hash === `#${id}`) location.hash = "";
  await ask(`/api/uploads/${id}`, sending("DELETE")).catch(() => null); // it may be gone already
  dispatchEvent(new Event("refresh"));
}
