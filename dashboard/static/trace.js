// The last minute of a face as columns for a chart. Pure.

export const SPAN_S = 60;
const GAP_S = 1.5; // longer without a value is a gap, at low frame rates four times the usual step

/** Values over media time, oldest first; a row of nulls where there is a gap. */
export class Trace {
  /** @param {number} width - values in a row. */
  constructor(width) {
    /** @type {number[]} */
    this.pts = [];
    /** @type {(number | null)[][]} */
    this.columns = Array.from({ length: width }, () => []);
    this.step = 0;
    this.version = 0;
  }

  get last() {
    return this.pts.at(-1) ?? -Infinity;
  }

  /**
   * Takes in a row, if it is newer than the last.
   * @param {number} pts
   * @param {number[]} values
   */
  add(pts, values) {
    const step = pts - this.last;
    if (step <= 0) return;
    if (this.step && step > Math.max(GAP_S, 4 * this.step)) this.#push(this.last + 1e-3, null);
    if (this.pts.length) this.step = this.step ? Math.min(step, 0.8 * this.step + 0.2 * step) : step;
    this.#push(pts, values);
    this.#trim(pts - SPAN_S - 1);
    this.version += 1;
  }

  /**
   * Puts older rows before those that are there.
   * @param {number[]} pts
   * @param {number[][]} rows
   */
  precede(pts, rows) {
    const first = this.pts[0] ?? Infinity;
    const whole = new Trace(this.columns.length);
    pts.forEach((at, i) => at < first && whole.add(at, rows[i]));
    this.pts.forEach((at, i) => {
      const row = this.columns.map((column) => column[i]);
      if (row[0] === null) whole.#push(at, null);
      else whole.add(at, /** @type {number[]} */ (row));
    });
    [this.pts, this.columns, this.step] = [whole.pts, whole.columns, whole.step];
    this.version += 1;
  }

  /**
   * The row nearest to a time; null in a gap or where there is none within a second and a half.
   * @param {number} pts
   */
  at(pts) {
    let nearest = -1;
    this.pts.forEach((other, i) => {
      if (this.columns[0][i] === null) return;
      if (nearest < 0 || Math.abs(other - pts) < Math.abs(this.pts[nearest] - pts)) nearest = i;
    });
    if (nearest < 0 || Math.abs(this.pts[nearest] - pts) > Math.max(GAP_S, 2 * this.step)) return null;
    return this.columns.map((column) => /** @type {number} */ (column[nearest]));
  }

  /**
   * @param {number} pts
   * @param {number[] | null} values
   */
  #push(pts, values) {
    this.pts.push(pts);
    this.columns.forEach((column, i) => column.push(values ? values[i] : null));
  }

  /** @param {number} oldest */
  #trim(oldest) {
    let old = 0;
    while (this.pts[old] < oldest) old += 1;
    if (!old) return;
    this.pts.splice(0, old);
    for (const column of this.columns) column.splice(0, old);
  }
}
