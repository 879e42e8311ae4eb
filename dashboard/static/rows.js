// The results of an upload's frames, fetched in stretches as they are looked at.

import { ask } from "./requests.js";

/** @import { Smoothed } from "./types.js" */

const STRETCH_S = 10;
const MARGIN_S = 0.5; // the frame nearest to a moment may lie in the next stretch
const MOST_STRETCHES = 12;

export class Rows {
  /** @type {Map<number, Promise<Smoothed[]>>} */
  #stretches = new Map();

  /** @param {string} id - the upload's. */
  constructor(id) {
    this.id = id;
  }

  /** Forgets everything: there may be more by now. */
  clear() {
    this.#stretches.clear();
  }

  /**
   * The frame nearest to a moment, and its neighbours.
   * @param {number} pts
   * @returns {Promise<{row: Smoothed | null, before: Smoothed | null, after: Smoothed | null}>}
   */
  async at(pts) {
    const number = Math.floor(Math.max(0, pts) / STRETCH_S);
    if (pts % STRETCH_S > STRETCH_S / 2) this.#fetch(number + 1);
    const rows = await this.#fetch(number);
    const i = nearest(rows, pts);
    return { row: rows[i] ?? null, before: rows[i - 1] ?? null, after: rows[i + 1] ?? null };
  }

  /** @param {number} number - of the stretch. */
  #fetch(number) {
    const known = this.#stretches.get(number);
    if (known) return known;
    const [since, until] = [number * STRETCH_S - MARGIN_S, (number + 1) * STRETCH_S + MARGIN_S];
    const rows = ask(`/api/uploads/${this.id}/rows?since=${since}&until=${until}`);
    rows.catch(() => this.#stretches.get(number) === rows && this.#stretches.delete(number));
    this.#stretches.set(number, rows);
    const oldest = this.#stretches.keys().next().value;
    if (this.#stretches.size > MOST_STRETCHES && oldest !== undefined) this.#stretches.delete(oldest);
    return rows;
  }
}

/**
 * The index of the row nearest to a moment; -1 if there is none.
 * @param {{pts: number}[]} rows - in order.
 * @param {number} pts
 */
export function nearest(rows, pts) {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].pts < pts) low = middle + 1;
    else high = middle;
  }
  if (low && (low === rows.length || pts - rows[low - 1].pts <= rows[low].pts - pts)) return low - 1;
  return low < rows.length ? low : -1;
}
