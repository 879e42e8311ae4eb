// Numbers and states in words. Pure.

/** @import { Face, SourceView } from "./types.js" */

/** @param {number} share - from 0 to 1. */
export const points = (share) => `${Math.round(share * 100)}`;

/** @param {number} share - from 0 to 1. */
export const percent = (share) => `${points(share)} %`;

/** @param {number} change - from -1 to 1. */
export function signed(change) {
  const rounded = Math.round(change * 100);
  return rounded > 0 ? `+${rounded}` : rounded < 0 ? `−${-rounded}` : "±0";
}

/** @param {number | null | undefined} number */
export function short(number) {
  if (number === null || number === undefined) return "–";
  return number.toFixed(number < 9.95 ? 1 : 0);
}

/** @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** @param {Face} face */
export const labelOf = (face) => face.label ?? (face.reason ? `cannot be read: ${face.reason}` : "");

/**
 * How far a source is from what it should do; `idle` where nothing is expected of it.
 * @param {SourceView} view
 */
export function levelOf({ state, condition }) {
  if (state === "silent" || state === "refused") return "error";
  if (state === "ended" || state === "holding") return "idle";
  return state === "reconnecting" && condition.level === "ok" ? "warning" : condition.level;
}

/**
 * Whether nothing more comes of a source by itself.
 * @param {SourceView} view
 */
export const isOver = ({ state }) => ["silent", "refused", "ended", "holding"].includes(state);

/**
 * The faces of a source in a few words.
 * @param {SourceView} view
 */
export function facesOf({ faces_words: words, result }) {
  const count = result ? result.faces.filter((face) => face.track_id !== null).length : 0;
  if (!count) return words ?? "";
  const more = result?.left_out ? ` + ${result.left_out}` : "";
  return `${count}${more} ${count === 1 && !more ? "face" : "faces"}`;
}
