// The pipeline in sight: a cell per stage, the end-to-end latency, and the processes on request.

import { arrange, copyOf, element, find, mark, tell } from "./dom.js";
import { LatencyChart, Minutes } from "./latency.js";
import { showProcesses } from "./processes.js";
import { short } from "./words.js";

/** @import { Snapshot, StageView } from "./types.js" */

const REFRESH_MS = 500;

export class Strip {
  /** @type {Map<string, HTMLElement>} */
  #cells = new Map();
  #minutes = new Minutes();
  /** @type {Snapshot | null} */
  #newest = null;
  #timer = 0;

  constructor() {
    this.list = element("stages");
    this.details = element("details");
    this.button = element("details-button");
    this.small = new LatencyChart(element("latency-small"), 20, false);
    this.large = new LatencyChart(element("latency-large"), 190, true);
    element("strip").addEventListener("click", () => this.#toggle());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    this.#recall();
  }

  /**
   * Shows a snapshot, the newest one twice a second.
   * @param {Snapshot} snapshot
   */
  show(snapshot) {
    const isFirst = !this.#newest;
    this.#newest = snapshot;
    if (isFirst) this.#draw();
    this.#timer ||= setTimeout(() => this.#draw(), REFRESH_MS);
  }

  #draw() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const snapshot = this.#newest;
    if (!snapshot) return;
    /** @type {Map<string, HTMLElement>} */
    const cells = new Map();
    for (const stage of snapshot.stages) {
      const cell = this.#cells.get(stage.stage) ?? copyOf("stage-template");
      cells.set(stage.stage, cell);
      fill(cell, stage);
    }
    this.#cells = cells;
    arrange(this.list, [...cells.values()]);
    const { p50_ms: p50, p95_ms: p95 } = snapshot.latency;
    this.#minutes.add(Math.round(Date.now() / 1000), p50, p95);
    tell(element("latency-words"), `${short(p50)} / ${short(p95)} ms`);
    this.small.show(this.#minutes);
    if (this.details.hidden) return;
    this.large.show(this.#minutes);
    showProcesses(element("processes"), snapshot.processes);
  }

  /** Draws the charts in the colours of another scheme. */
  recolour() {
    for (const chart of [this.small, this.large]) chart.forget();
    this.#draw();
  }

  #toggle() {
    this.details.hidden = !this.details.hidden;
    this.button.setAttribute("aria-expanded", `${!this.details.hidden}`);
    this.#draw();
    if (!this.details.hidden) this.details.scrollIntoView({ block: "nearest" });
  }

  async #recall() {
    const answer = await fetch("/api/latency").catch(() => null);
    if (!answer?.ok) return;
    const { seconds_ago: ago, p50_ms: p50, p95_ms: p95 } = await answer.json();
    const now = Math.round(Date.now() / 1000);
    const before = new Minutes();
    ago.forEach((/** @type {number} */ seconds, /** @type {number} */ i) => before.add(now - seconds, p50[i], p95[i]));
    this.#minutes.seconds.forEach((second, i) => before.add(second, this.#minutes.p50[i], this.#minutes.p95[i]));
    this.#minutes = before;
  }
}

/**
 * @param {HTMLElement} cell
 * @param {StageView} stage
 */
function fill(cell, stage) {
  const { ready, total, words, in_per_s: into, out_per_s: out, skipped_per_s: skipped, waiting } = stage;
  mark(cell, "stage", stage.stage);
  mark(find(cell, ".words"), "level", stage.level);
  tell(find(cell, ".words"), stage.stage);
  tell(find(cell, ".alive"), `${ready}/${total}`);
  tell(find(cell, ".times"), stage.p50_ms === null ? "" : `${short(stage.p50_ms)} / ${short(stage.p95_ms)} ms`);
  tell(find(cell, ".rates"), into || out || stage.stage !== "bus" ? `${short(into)} → ${short(out)} /s` : "");
  const queued = waiting ? `${waiting} waiting` : "";
  const lost = skipped >= 0.05 ? `${short(skipped)}/s skipped` : "";
  const trouble = stage.level === "error" || stage.level === "warning" ? words : "";
  tell(find(cell, ".more"), trouble || lost || queued);
  mark(find(cell, ".more"), "level", trouble ? stage.level : "");
  const title = `${stage.stage}: ${words}. ${ready} of ${total} processes ready, ${short(into)} messages/s in, ${short(out)} out,` +
    ` ${short(skipped)} skipped, ${waiting ?? "–"} waiting, p50 ${short(stage.p50_ms)} ms, p95 ${short(stage.p95_ms)} ms,` +
    ` ${Math.round(stage.memory_mb)} MB`;
  if (cell.title !== title) cell.title = title;
}
