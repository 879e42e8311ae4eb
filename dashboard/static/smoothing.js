// The display's own smoothing, and bars that agree with the label. Pure.

const NOMINAL_S = 0.1;

/**
 * The exponential moving average of what is shown; independent of how often it is updated.
 * @param {number[] | null} previous - what was shown; null for the first.
 * @param {number[]} current
 * @param {number} dt - seconds of media time in between.
 * @param {number} a - weight of the past after 0.1 s, from 0 (none) to below 1.
 */
export function follow(previous, current, dt, a) {
  if (!previous) return current;
  const keep = a ** (Math.max(0, dt) / NOMINAL_S);
  return current.map((share, i) => keep * previous[i] + (1 - keep) * share);
}

/**
 * Seconds after which half of a change shows.
 * @param {number} a - as in `follow`.
 */
export const halfTime = (a) => (a > 0 ? (NOMINAL_S * Math.log(0.5)) / Math.log(a) : 0);

/**
 * The distribution nearest to `probs` in which none is above the chosen one: those that lead it share with it.
 * @param {number[]} probs
 * @param {number} chosen - its index.
 */
export function inFavour(probs, chosen) {
  let [sum, sharing] = [probs[chosen], 1];
  for (const other of probs.filter((_, i) => i !== chosen).sort((a, b) => b - a)) {
    if (other * sharing <= sum) break;
    sum += other;
    sharing += 1;
  }
  return probs.map((share, i) => (i === chosen ? sum / sharing : Math.min(share, sum / sharing)));
}
