// The few things that every part of the page does to elements; text is always text, never markup.

/**
 * The element of an id that index.html has.
 * @param {string} id
 */
export const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * The first element inside `root` that matches.
 * @param {ParentNode} root
 * @param {string} selector
 */
export const find = (root, selector) => /** @type {HTMLElement} */ (root.querySelector(selector));

/**
 * A copy of a template's one element.
 * @param {string} id
 */
export function copyOf(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}

/**
 * A new element with a class and text.
 * @param {string} tag
 * @param {string} [name] - its class.
 * @param {string} [text]
 */
export function make(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

/**
 * Sets an element's text, only if it changes, and hides it where there is none.
 * @param {Element} target
 * @param {string} text
 */
export function tell(target, text) {
  if (target.textContent !== text) target.textContent = text;
  const hidden = !text;
  const shown = /** @type {HTMLElement} */ (target);
  if (shown.hidden !== hidden) shown.hidden = hidden;
}

/**
 * Sets a data attribute only if it changes.
 * @param {HTMLElement} target
 * @param {string} key
 * @param {string} value
 */
export function mark(target, key, value) {
  if (target.dataset[key] !== value) target.dataset[key] = value;
}

/**
 * Brings the children of `parent` into an order, moving only those that are not in their place.
 * @param {Element} parent
 * @param {Element[]} children
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}
