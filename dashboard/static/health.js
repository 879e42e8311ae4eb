// What is wrong with the whole pipeline, in a line above everything; all of it when opened.

import { element, find, make, tell } from "./dom.js";

/** @import { Snapshot } from "./types.js" */

/** @param {Snapshot} snapshot */
export function showHealth({ health: { problems, warnings } }) {
  say(element("problems"), problems, "problems");
  say(element("warnings"), problems.length ? [] : warnings, "warnings");
}

/**
 * @param {HTMLElement} root
 * @param {string[]} texts
 * @param {string} kind
 */
function say(root, texts, kind) {
  const key = texts.join("\n");
  if (root.dataset.said === key) return;
  root.dataset.said = key;
  root.hidden = !texts.length;
  const [first = ""] = texts;
  const isList = texts.length > 1;
  tell(find(root, ".count"), isList ? `${texts.length} ${kind}.` : "");
  tell(find(root, ".first"), first);
  find(root, "ul").replaceChildren(...(isList ? texts : []).map((text) => make("li", "", text)));
}
