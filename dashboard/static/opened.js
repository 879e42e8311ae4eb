// Sources that are opened while the pipeline runs: a form, and the list of those that were.

import { ask, sending } from "./requests.js";
import { element, tell } from "./dom.js";
import { button, link, List } from "./lists.js";

/** @import { SourceView } from "./types.js" */

export class Opened {
  constructor() {
    this.list = new List(element("opened"));
    /** @type {Set<string>} */
    this.names = new Set();
    const form = /** @type {HTMLFormElement} */ (element("open"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = new FormData(form);
      this.#open(`${fields.get("source") ?? ""}`.trim(), `${fields.get("spec")}`.trim()).then((done) => done && form.reset());
    });
    element("demo").addEventListener("click", () => this.#open("", "demo"));
  }

  /** @param {SourceView[]} sources */
  show(sources) {
    this.names = new Set(sources.map(({ source }) => source));
    const added = sources.filter((one) => one.added && !/^upload-\d+$/.test(one.source));
    this.list.show(added.map(item));
  }

  /**
   * @param {string} name - "": one is made up.
   * @param {string} spec
   */
  async #open(name, spec) {
    try {
      await ask("/api/sources", sending("POST", { source: name || this.#nameFor(spec), spec }));
      tell(element("open-trouble"), "");
    } catch (error) {
      tell(element("open-trouble"), /** @type {Error} */ (error).message);
      return false;
    }
    dispatchEvent(new Event("refresh"));
    return true;
  }

  /** @param {string} spec */
  #nameFor(spec) {
    const host = /^\w+:\/\/(?:[^/@]*@)?([^/:]+)/.exec(spec)?.[1];
    const device = /^(?:\/dev\/video)?(\d+)$/.exec(spec)?.[1];
    const text = (host ?? (device ? `cam${device}` : spec)).toLowerCase().replace(/[^a-z0-9_]+/g, "-");
    const base = text.replace(/^-|-$/g, "").slice(0, 28) || "source";
    let [name, number] = [base, 1];
    while (this.names.has(name)) name = `${base}-${(number += 1)}`;
    return name;
  }
}

/** @param {SourceView} view */
function item({ source, spec, state, words }) {
  return {
    key: source,
    name: source,
    facts: spec === source ? words : `${spec} · ${words}`,
    isBad: state === "refused",
    toolsKey: state === "refused" ? "refused" : "open",
    tools: () => [...(state === "refused" ? [] : [link("Watch", `/#${source}`)]), button("Close", () => close(source), "danger")],
  };
}

/** @param {string} source */
async function close(source) {
  await ask(`/api/sources/${source}`, sending("DELETE")).catch((error) => tell(element("open-trouble"), error.message));
  dispatchEvent(new Event("refresh"));
}
