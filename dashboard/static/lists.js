// Lists of things with a name, a line of facts and buttons, kept in step with what the server says.

import { arrange, find, make, mark, tell } from "./dom.js";

/** @typedef {{key: string, name: string, facts: string, isBad?: boolean, share?: number | null, tools: () => HTMLElement[], toolsKey?: string}} Item */

/** A list whose rows stay the same elements while their text changes. */
export class List {
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** @param {Item[]} items */
  show(items) {
    arrange(this.root, items.map((item) => this.#show(item)));
    const keys = new Set(items.map(({ key }) => key));
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.#rows.delete(key);
  }

  /** @param {Item} item */
  #show({ key, name, facts, isBad = false, share = null, tools, toolsKey = "" }) {
    const row = this.#rows.get(key) ?? this.#make(key);
    tell(find(row, ".name"), name);
    tell(find(row, ".facts"), facts);
    find(row, ".facts").classList.toggle("bad", isBad);
    const bar = /** @type {HTMLProgressElement} */ (find(row, "progress"));
    bar.hidden = share === null;
    if (share !== null) bar.value = share;
    if (row.dataset.tools !== toolsKey) find(row, ".tools").replaceChildren(...tools());
    mark(row, "tools", toolsKey);
    return row;
  }

  /** @param {string} key */
  #make(key) {
    const row = make("li", "row");
    const bar = /** @type {HTMLProgressElement} */ (make("progress"));
    bar.max = 1;
    bar.setAttribute("aria-label", "Analysed");
    row.append(make("span", "name"), make("span", "facts"), make("span", "tools"), bar);
    row.dataset.key = key;
    this.#rows.set(key, row);
    return row;
  }
}

/**
 * @param {string} text
 * @param {() => void} press
 * @param {string} [kind] - a further class.
 */
export function button(text, press, kind = "") {
  const made = /** @type {HTMLButtonElement} */ (make("button", `button small ${kind}`.trim(), text));
  made.type = "button";
  made.addEventListener("click", press);
  return made;
}

/**
 * @param {string} text
 * @param {string} href
 * @param {string} [kind] - a further class.
 */
export function link(text, href, kind = "") {
  const made = /** @type {HTMLAnchorElement} */ (make("a", `button small ${kind}`.trim(), text));
  made.href = href;
  return made;
}
