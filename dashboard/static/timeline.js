// The last minute of one face as seven lines (uPlot); pointing at it, or the arrow keys, choose a moment.

import { EMOTION_COLOURS } from "./colours.js";
import { find } from "./dom.js";
import { SPAN_S } from "./trace.js";
import { percent } from "./words.js";

/** @import { Trace } from "./trace.js" */

const HEIGHT = 62;

export class Timeline {
  /** @type {import("uplot") | null} */
  #plot = null;
  #drawn = -1;
  #now = 0;
  /** @type {number | null} */
  #agoS = null;

  /**
   * @param {HTMLElement} root - a `.timeline`, focusable.
   * @param {Trace} trace
   * @param {string[]} emotions
   * @param {(agoS: number | null) => void} point - told the chosen moment; null for the present.
   */
  constructor(root, trace, emotions, point) {
    this.root = root;
    this.trace = trace;
    this.emotions = emotions;
    this.point = point;
    root.addEventListener("keydown", (event) => this.#press(event));
    root.addEventListener("blur", () => this.#choose(null));
    root.addEventListener("pointermove", (event) => this.#hover(event));
    root.addEventListener("pointerleave", () => this.#choose(null));
  }

  /**
   * Draws what has come since the last time.
   * @param {number} now - media time in seconds.
   */
  show(now) {
    if (this.#drawn === this.trace.version && now - this.#now < 1) return;
    [this.#drawn, this.#now] = [this.trace.version, now];
    const data = /** @type {import("uplot").AlignedData} */ ([this.trace.pts, ...this.trace.columns]);
    if (this.#plot) this.#plot.setData(data, false);
    else this.#plot = this.#create(data);
    this.#plot.setScale("x", { min: now - SPAN_S, max: now });
    if (this.#agoS !== null) this.#announce();
  }

  /** Frees what the chart holds. */
  remove() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  /**
   * Adapts to the width of its place.
   * @param {number} width
   */
  fit(width) {
    this.#plot?.setSize({ width, height: HEIGHT });
  }

  /** @param {import("uplot").AlignedData} data */
  #create(data) {
    const none = { show: false };
    /** @type {import("uplot").Options} */
    const options = {
      width: find(this.root, ".chart").clientWidth || 300,
      height: HEIGHT,
      padding: [3, 0, 3, 0],
      pxAlign: false,
      legend: none,
      cursor: none,
      axes: [none, none],
      scales: { x: { time: false }, y: { range: [0, 1] } },
      series: [
        {},
        ...this.emotions.map((emotion) => ({ stroke: EMOTION_COLOURS[emotion], width: 1.6, points: none, spanGaps: false })),
      ],
    };
    return new window.uPlot(options, data, find(this.root, ".chart"));
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    const { left, width } = find(this.root, ".chart").getBoundingClientRect();
    this.#choose(SPAN_S * Math.min(1, Math.max(0, 1 - (event.clientX - left) / width)));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const now = this.#agoS ?? 0;
    /** @type {Record<string, number | null>} */
    const moves = { ArrowLeft: now + 1, ArrowRight: now - 1, PageUp: now + 10, PageDown: now - 10, Home: SPAN_S, End: null };
    if (!(event.key in moves)) return;
    event.preventDefault();
    const to = moves[event.key];
    this.#choose(to === null || to <= 0 ? null : Math.min(SPAN_S, to));
  }

  /** @param {number | null} agoS */
  #choose(agoS) {
    this.#agoS = agoS;
    const line = find(this.root, ".cursor");
    line.hidden = agoS === null;
    if (agoS !== null) line.style.left = `${(100 * (1 - agoS / SPAN_S)).toFixed(1)}%`;
    this.#announce();
    this.point(agoS);
  }

  #announce() {
    const agoS = this.#agoS ?? 0;
    const row = this.trace.at(this.#now - agoS);
    const numbers = row ? this.emotions.map((emotion, i) => `${emotion} ${percent(row[i])}`).join(", ") : "not measured";
    this.root.setAttribute("aria-valuenow", `${-Math.round(agoS)}`);
    this.root.setAttribute("aria-valuetext", `${agoS ? `${Math.round(agoS)} seconds ago` : "now"}: ${numbers}`);
  }
}
