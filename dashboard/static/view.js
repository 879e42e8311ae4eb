// One source enlarged: its picture, its condition, and all its faces.

import { element, mark, tell } from "./dom.js";
import { Faces } from "./faces.js";
import { recordButton } from "./record.js";
import { Screen } from "./screen.js";
import { facesOf, isOver, levelOf } from "./words.js";

/** @import { Picture, Snapshot, SourceView } from "./types.js" */

const HISTORY_S = 60;
const LAGS = 31; // of the last pictures
const LAG_MS = 1000;

export class View {
  /** @type {string | null} */
  source = null;
  #asked = "";
  /** @type {number[]} */
  #lags = [];
  #lag = "";
  #lagAt = -Infinity;

  constructor() {
    this.root = element("view");
    this.faces = new Faces();
    this.screen = new Screen(element("picture"), "");
    this.tools = element("view-tools");
  }

  /**
   * @param {SourceView} view
   * @param {Picture | undefined} picture
   * @param {Snapshot} snapshot
   * @param {{wanted: boolean, isOnly: boolean}} how - whether pictures are wanted; whether there is another source.
   */
  show(view, picture, snapshot, { wanted, isOnly }) {
    if (this.source !== view.source) this.#turnTo(view.source);
    element("back").hidden = isOnly;
    this.#showState(view);
    if (picture?.image) {
      this.screen.paint(picture.image, picture.result, snapshot);
      this.#time(picture.age_ms + performance.now() - snapshot.received_ms);
    }
    if (!wanted && view.result) this.screen.paintAlone(view.result, snapshot);
    this.screen.say(this.#over(view));
    const how = { ...snapshot, words: facesOf(view) };
    for (const result of [picture?.result, view.result]) if (result) this.faces.show(result, how);
    if (picture?.image) this.faces.cut(picture.image, picture.result);
    if (view.result) this.#recall(view.source, view.result.epoch);
  }

  /** Takes all pictures away. */
  clear() {
    this.screen.clear();
    this.faces.forgetPictures();
  }

  /** @param {string} source */
  #turnTo(source) {
    this.source = source;
    this.screen.turnTo(source);
    this.faces.clear();
    tell(element("faces-note"), "");
    element("view-name").textContent = source;
    this.tools.replaceChildren(recordButton(source));
    this.#asked = this.#lag = "";
    [this.#lags, this.#lagAt] = [[], -Infinity];
  }

  /** @param {SourceView} view */
  #showState(view) {
    const level = levelOf(view);
    tell(element("view-words"), view.words);
    mark(element("view-words"), "level", level);
    tell(element("view-spec"), /^\d+$/.test(view.spec) ? `camera ${view.spec}` : view.spec === view.source ? "" : view.spec);
    const age = view.live ? this.#lag : "";
    const rates = `${view.results_per_s.toFixed(1)} of ${view.fps.toFixed(1)} frames/s · ${view.unfinished} of ${view.window} in flight`;
    tell(element("view-rates"), isOver(view) || !view.fps ? "" : `${rates}${age}`);
    const isCovered = this.#over(view) === view.condition.words;
    tell(element("view-condition"), isCovered ? "" : view.condition.words);
    mark(element("view-condition"), "level", level);
    this.root.classList.toggle("stale", level === "error" || view.state === "reconnecting");
  }

  /**
   * Says once a second how old the pictures are when they are drawn: the median of the last.
   * @param {number} lagMs
   */
  #time(lagMs) {
    this.#lags = [...this.#lags.slice(1 - LAGS), lagMs];
    if (performance.now() - this.#lagAt < LAG_MS) return;
    this.#lagAt = performance.now();
    const median = this.#lags.toSorted((a, b) => a - b)[this.#lags.length >> 1];
    this.#lag = ` · shown ${Math.round(median)} ms after capture`;
  }

  // The words over a frozen or absent picture.
  /** @param {SourceView} view */
  #over(view) {
    const words = view.condition.words || view.words;
    if (levelOf(view) === "error" || view.state === "reconnecting" || view.state === "opening") return words;
    return this.screen.pictured ? "" : words === "live" ? "Waiting for the first picture." : words;
  }

  /**
   * Asks once for what was before the page looked.
   * @param {string} source
   * @param {number} epoch
   */
  async #recall(source, epoch) {
    const key = `${source} ${epoch}`;
    if (this.#asked === key) return;
    this.#asked = key;
    const answer = await fetch(`/api/sources/${source}/history?seconds=${HISTORY_S}`).catch(() => null);
    if (answer?.ok && this.#asked === key) this.faces.precede(await answer.json());
  }
}
