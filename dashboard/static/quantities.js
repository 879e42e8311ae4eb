// Amounts in words. Pure.

/** @param {number} bytes */
export function size(bytes) {
  const mb = bytes / (1 << 20);
  if (mb >= 1024) return `${(mb / 1024).toFixed(1)} GB`;
  return mb >= 1 ? `${mb.toFixed(mb < 10 ? 1 : 0)} MB` : `${Math.max(1, Math.round(bytes / 1024))} KB`;
}

/** @param {number} seconds - of a recording. */
export function clock(seconds) {
  const whole = Math.max(0, seconds);
  const hours = Math.floor(whole / 3600);
  const minutes = `${Math.floor(whole / 60) % 60}`.padStart(hours ? 2 : 1, "0");
  const rest = (whole % 60).toFixed(2).padStart(5, "0");
  return `${hours ? `${hours}:` : ""}${minutes}:${rest}`;
}

/**
 * @param {number} count
 * @param {string} one
 * @param {string} [more]
 */
export const counted = (count, one, more = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
