// The cards of a source's faces, ordered by id, in a list that scrolls by itself; or the same as a table.

import { element, tell } from "./dom.js";
import { Card } from "./face.js";
import { showTable } from "./table.js";

/** @import { Decoded, History, Smoothed } from "./types.js" */

const KEPT_S = 10; // a card stays this long after its face has left
const MOST_AWAY = 12;
const TABLE_MS = 1000;

export class Faces {
  /** @type {Map<number, Card>} */
  #cards = new Map();
  /** @type {Smoothed | null} */
  #newest = null;
  #tabledAt = -Infinity;
  /** @type {WeakMap<Element, Card>} */
  #byRoot = new WeakMap();
  /** @type {string[]} */
  #emotions = [];
  /** @type {History | null} */
  #past = null;

  constructor() {
    this.root = element("faces");
    this.list = element("cards");
    this.table = element("table");
    this.note = element("faces-note");
    this.switch = element("as-table");
    this.switch.addEventListener("click", () => this.#toggle());
    this.seen = new IntersectionObserver((entries) => this.#see(entries), { root: this.list, rootMargin: "80px" });
    new ResizeObserver(() => this.#fit()).observe(this.list);
  }

  get isTable() {
    return this.switch.getAttribute("aria-pressed") === "true";
  }

  /**
   * Shows a result, if it is newer than the one shown.
   * @param {Smoothed} result
   * @param {{emotions: string[], confident: number, words: string}} how - `words`: where there is no face, why.
   */
  show(result, { emotions, confident, words }) {
    this.#emotions = emotions;
    if (this.#newest && this.#newest.epoch !== result.epoch) this.clear();
    if (this.#newest && result.seq <= this.#newest.seq) return;
    if (!result.size) return; // nothing is known of its faces
    this.#newest = result;
    for (const face of result.faces) {
      if (face.track_id === null) continue;
      const card = this.#cards.get(face.track_id) ?? this.#add(face.track_id);
      card.hear(face, result.pts, face.confidence < confident);
    }
    this.#forget(result.pts);
    for (const card of this.#cards.values()) card.draw(result.pts);
    const more = result.left_out ? `${result.left_out} more not followed (AFFECT_MAX_FACES)` : "";
    tell(this.note, more || (this.#cards.size ? "" : words));
    if (this.isTable) this.#refresh();
  }

  /**
   * Cuts thumbnails out of a picture.
   * @param {Decoded} image
   * @param {Smoothed} result - of the same frame.
   */
  cut(image, result) {
    if (!result.size || this.isTable || result.epoch !== this.#newest?.epoch) return;
    const now = performance.now();
    for (const face of result.faces) {
      if (face.track_id !== null) this.#cards.get(face.track_id)?.cut(image, face, image.width / result.size[0], now);
    }
  }

  /**
   * Fills the timelines with what was before the page looked.
   * @param {History} history
   */
  precede(history) {
    if (history.epoch !== this.#newest?.epoch) return;
    this.#past = history;
    for (const card of this.#cards.values()) {
      this.#recall(card);
      card.draw(this.#newest.pts);
    }
  }

  /** Takes all pictures of faces away. */
  forgetPictures() {
    for (const card of this.#cards.values()) card.forgetPicture();
  }

  /** Takes all cards away. */
  clear() {
    for (const id of [...this.#cards.keys()]) this.#remove(id);
    [this.#newest, this.#past] = [null, null];
    this.#tabledAt = -Infinity;
    this.table.replaceChildren();
  }

  /** @param {number} id */
  #add(id) {
    const card = new Card(id, this.#emotions);
    const after = [...this.#cards.keys()].sort((a, b) => a - b).find((other) => other > id);
    this.list.insertBefore(card.root, after === undefined ? null : (this.#cards.get(after)?.root ?? null));
    this.#cards.set(id, card);
    this.#byRoot.set(card.root, card);
    this.seen.observe(card.root);
    this.#recall(card);
    return card;
  }

  /** @param {Card} card */
  #recall(card) {
    const track = this.#past?.tracks.find((other) => other.track_id === card.id);
    if (track) card.trace.precede(track.pts, track.smoothed);
  }

  /** @param {number} id */
  #remove(id) {
    const card = this.#cards.get(id);
    if (!card) return;
    this.seen.unobserve(card.root);
    card.timeline.remove();
    card.root.remove();
    this.#cards.delete(id);
  }

  /** @param {number} pts */
  #forget(pts) {
    const away = [...this.#cards.values()].filter((card) => card.pts !== pts);
    away.sort((a, b) => (b.pts ?? 0) - (a.pts ?? 0));
    away.forEach((card, i) => {
      if (i >= MOST_AWAY || pts - (card.pts ?? 0) > KEPT_S) this.#remove(card.id);
    });
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      const card = this.#byRoot.get(target);
      if (card) card.isVisible = isIntersecting;
    }
  }

  #fit() {
    const first = this.list.querySelector(".chart");
    if (first?.clientWidth) for (const card of this.#cards.values()) card.timeline.fit(first.clientWidth);
  }

  #toggle() {
    this.switch.setAttribute("aria-pressed", `${!this.isTable}`);
    this.list.hidden = this.isTable;
    this.table.hidden = !this.isTable;
    this.#tabledAt = -Infinity;
    if (this.isTable) this.#refresh();
  }

  #refresh() {
    if (performance.now() - this.#tabledAt < TABLE_MS || !this.#newest) return;
    this.#tabledAt = performance.now();
    const cards = [...this.#cards.values()].sort((a, b) => a.id - b.id);
    showTable(this.table, cards, this.#emotions, this.#newest.pts);
  }
}
