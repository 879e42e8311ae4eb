// Requests to the dashboard's own API; a refusal is an Error with its words.

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>} the JSON of the answer; null where there is none.
 */
export async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new LostError("The dashboard cannot be reached.");
  }
  const text = await answer.text();
  if (!answer.ok) throw new Error(wordsOf(text) || `The dashboard answered ${answer.status}.`);
  return text ? JSON.parse(text) : null;
}

/** Nobody answers. */
export class LostError extends Error {}

/**
 * @param {string} method
 * @param {unknown} [content]
 * @returns {RequestInit}
 */
export function sending(method, content) {
  if (content === undefined) return { method };
  return { method, body: JSON.stringify(content), headers: { "Content-Type": "application/json" } };
}

/**
 * The words in an answer that refuses something.
 * @param {string} text
 */
export function wordsOf(text) {
  let detail;
  try {
    ({ detail } = JSON.parse(text));
  } catch {
    return text.trim().slice(0, 300);
  }
  if (typeof detail === "string") return detail;
  return Array.isArray(detail) ? detail.map(({ loc, msg }) => `${loc?.at(-1)}: ${msg}`).join("; ") : "";
}
