// One person's seven labels over a whole recording (uPlot); a click chooses a moment.

import { EMOTION_COLOURS } from "./colours.js";
import { make } from "./dom.js";

/** @typedef {{track_id: number, first_pts: number, last_pts: number, pts: number[], smoothed: number[][], label: (string | null)[]}} Track */

const HEIGHT = 74;
const GAP_S = 1.5;

export class Chart {
  /**
   * @param {Track} track
   * @param {string[]} emotions
   * @param {{seconds: number, step: number, seek: (pts: number) => void}} how - the recording's length, the distance of points.
   */
  constructor(track, emotions, { seconds, step, seek }) {
    this.seconds = Math.max(seconds, 1e-3);
    this.root = make("div", "chart");
    this.cursor = make("i", "cursor");
    this.root.addEventListener("pointerdown", (event) => seek(this.#moment(event)));
    this.root.addEventListener("pointermove", (event) => event.buttons && seek(this.#moment(event)));
    this.data = columns(track, emotions.length, Math.max(GAP_S, 4 * step));
    this.emotions = emotions;
    /** @type {import("uplot") | null} */
    this.plot = null;
    this.sizes = new ResizeObserver(() => this.#fit());
    this.sizes.observe(this.root);
  }

  /**
   * Moves the line to a moment.
   * @param {number} pts
   */
  point(pts) {
    this.cursor.style.transform = `translateX(${((this.root.clientWidth * pts) / this.seconds).toFixed(1)}px)`;
  }

  /** Frees what the chart holds. */
  remove() {
    this.sizes.disconnect();
    this.plot?.destroy();
    this.root.remove();
  }

  /** @param {PointerEvent} event */
  #moment(event) {
    const { left, width } = this.root.getBoundingClientRect();
    return this.seconds * Math.min(1, Math.max(0, (event.clientX - left) / width));
  }

  #fit() {
    const width = this.root.clientWidth;
    if (!width) return;
    if (this.plot) this.plot.setSize({ width, height: HEIGHT });
    else this.#draw(width);
  }

  /** @param {number} width */
  #draw(width) {
    const none = { show: false };
    this.plot = new window.uPlot(
      {
        width,
        height: HEIGHT,
        padding: [4, 0, 4, 0],
        pxAlign: false,
        legend: none,
        cursor: none,
        axes: [none, none],
        scales: { x: { time: false, range: [0, this.seconds] }, y: { range: [0, 1] } },
        series: [{}, ...this.emotions.map((one) => ({ stroke: EMOTION_COLOURS[one], width: 1.6, points: none, spanGaps: false }))],
      },
      /** @type {import("uplot").AlignedData} */ (this.data),
      this.root,
    );
    this.root.append(this.cursor);
  }
}

/**
 * The columns of a chart, with a row of nulls where there is a gap.
 * @param {Track} track
 * @param {number} width - values in a row.
 * @param {number} gap - seconds.
 */
export function columns({ pts, smoothed }, width, gap) {
  /** @type {(number | null)[][]} */
  const made = Array.from({ length: width + 1 }, () => []);
  pts.forEach((at, i) => {
    if (i && at - pts[i - 1] > gap) made.forEach((column, j) => column.push(j ? null : pts[i - 1] + 1e-3));
    made[0].push(at);
    smoothed[i].forEach((share, j) => made[j + 1].push(share));
  });
  return made;
}
