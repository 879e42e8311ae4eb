// End-to-end latency over the last ten minutes as lines (uPlot).

import { short } from "./words.js";

const SPAN_S = 600;

/** The last ten minutes, a value a second; null where nothing was measured. Pure. */
export class Minutes {
  /** @type {number[]} */
  seconds = [];
  /** @type {(number | null)[]} */
  p50 = [];
  /** @type {(number | null)[]} */
  p95 = [];

  /**
   * @param {number} second
   * @param {number | null} p50
   * @param {number | null} p95
   */
  add(second, p50, p95) {
    const last = this.seconds.at(-1) ?? -Infinity;
    if (second <= last) return;
    if (second - last > 2 && this.seconds.length) this.#push(last + 1, null, null);
    this.#push(second, p50, p95);
    while (this.seconds[0] < second - SPAN_S) for (const column of [this.seconds, this.p50, this.p95]) column.shift();
  }

  /**
   * @param {number} second
   * @param {number | null} p50
   * @param {number | null} p95
   */
  #push(second, p50, p95) {
    this.seconds.push(second);
    this.p50.push(p50);
    this.p95.push(p95);
  }
}

export class LatencyChart {
  /** @type {import("uplot") | null} */
  #plot = null;

  /**
   * @param {HTMLElement} root
   * @param {number} height - in pixels.
   * @param {boolean} hasAxes
   */
  constructor(root, height, hasAxes) {
    this.root = root;
    this.height = height;
    this.hasAxes = hasAxes;
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width) this.#plot?.setSize({ width: contentRect.width, height });
    }).observe(root);
  }

  /** @param {Minutes} minutes */
  show({ seconds, p50, p95 }) {
    if (!this.root.clientWidth || !seconds.length) return;
    const data = /** @type {import("uplot").AlignedData} */ ([seconds, p50, p95]);
    if (this.#plot) this.#plot.setData(data, false);
    else this.#plot = new window.uPlot(this.#options(), data, this.root);
    const last = /** @type {number} */ (seconds.at(-1));
    const most = Math.max(10, ...p95.map((value) => value ?? 0));
    this.#plot.batch(() => {
      this.#plot?.setScale("x", { min: last - SPAN_S, max: last });
      this.#plot?.setScale("y", { min: 0, max: 1.1 * most });
    });
  }

  /** Draws it anew in the colours of another scheme. */
  forget() {
    this.#plot?.destroy();
    this.#plot = null;
  }

  #options() {
    const style = getComputedStyle(this.root);
    const [text, line, quiet] = ["color", "--accent", "--quiet"].map((name) =>
      name === "color" ? style.color : resolve(this.root, name),
    );
    const grid = { stroke: resolve(this.root, "--line"), width: 1 };
    const axis = { stroke: text, grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    /** @param {number} second */
    const ago = (second) => Math.round((/** @type {number} */ (this.#plot?.scales.x.max) - second) / 60);
    /** @type {import("uplot").Options} */
    const options = {
      width: this.root.clientWidth,
      height: this.height,
      pxAlign: false,
      padding: this.hasAxes ? [8, 14, 0, 0] : [2, 0, 2, 0],
      legend: { show: this.hasAxes },
      cursor: { show: this.hasAxes, drag: { x: false, y: false }, points: { size: 6 } },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: this.hasAxes
        ? [
            { ...axis, size: 24, incrs: [60, 120], values: (_, at) => at.map((second) => (ago(second) ? `−${ago(second)} min` : "now")) },
            { ...axis, size: 52, values: (_, at) => at.map((value) => `${value} ms`) },
          ]
        : [{ show: false }, { show: false }],
      series: [
        { label: "ago", value: (_, second) => (second === null ? "–" : `${ago(second)} min`) },
        { label: "p50", stroke: line, width: 1.6, points: { show: false }, value: (_, value) => `${short(value)} ms` },
        { label: "p95", stroke: quiet, width: 1, points: { show: false }, value: (_, value) => `${short(value)} ms` },
      ],
    };
    return options;
  }
}

/**
 * A custom property as a colour that a canvas understands.
 * @param {HTMLElement} root
 * @param {string} name
 */
function resolve(root, name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  root.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
