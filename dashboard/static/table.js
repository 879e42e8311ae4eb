// All faces in numbers, once a second: for screen readers, and for crowds.

import { make } from "./dom.js";
import { duration, points, signed } from "./words.js";

/** @import { Card } from "./face.js" */

/**
 * Fills `root` with a table: a row per face.
 * @param {HTMLElement} root
 * @param {Card[]} cards
 * @param {string[]} emotions
 * @param {number} now - media time of the newest result, in seconds.
 */
export function showTable(root, cards, emotions, now) {
  let table = root.querySelector("table");
  if (!table) {
    table = /** @type {HTMLTableElement} */ (make("table"));
    const head = make("tr");
    head.append(...["face", "label", "seen", ...emotions].map((name) => cell("th", name, "col")));
    const caption = make("caption", "unseen", "Faces: smoothed probabilities in per cent, in brackets the raw ones, then the change against a baseline");
    const top = make("thead");
    top.append(head);
    table.append(caption, top, make("tbody"));
    root.append(table);
  }
  /** @type {HTMLElement} */ (table.tBodies[0]).replaceChildren(...cards.map((card) => row(card, now)));
}

/**
 * @param {Card} card
 * @param {number} now
 */
function row(card, now) {
  const made = make("tr");
  const awayS = now - (card.pts ?? now);
  if (awayS > 0) made.className = "away";
  const seen = awayS > 0 ? `left ${duration(awayS)} ago` : duration(card.seenS);
  made.append(cell("th", `face ${card.id}`, "row"), cell("td", card.label.replace("cannot be read: ", "") || "not yet classified"), cell("td", seen));
  card.emotions.forEach((emotion, i) => {
    const value = cell("td", card.shown ? points(card.shown[i]) : "–");
    if (card.raw) value.append(make("small", "quiet", ` (${points(card.raw[i])})`));
    if (card.baseline && card.shown) value.append(make("small", "change", ` ${signed(card.shown[i] - card.baseline[i])}`));
    if (emotion === card.label) value.className = "most";
    made.append(value);
  });
  return made;
}

/**
 * @param {"td" | "th"} tag
 * @param {string} text
 * @param {string} [scope]
 */
function cell(tag, text, scope) {
  const made = make(tag, "", text);
  if (scope) made.setAttribute("scope", scope);
  return made;
}
