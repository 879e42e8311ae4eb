// A source on the wall: its picture, name, state and faces.

import { EMOTION_COLOURS } from "./colours.js";
import { copyOf, find, make, mark, tell } from "./dom.js";
import { recordButton } from "./record.js";
import { Screen } from "./screen.js";
import { facesOf, levelOf } from "./words.js";

/** @import { Snapshot, SourceView, Picture } from "./types.js" */

const MOST_DOTS = 8;

export class Tile {
  /** @param {string} name */
  constructor(name) {
    this.root = copyOf("tile-template");
    this.link = /** @type {HTMLAnchorElement} */ (find(this.root, ".name"));
    this.link.href = `#${name}`;
    this.link.textContent = name;
    this.screen = new Screen(find(this.root, ".picture"), name);
    this.words = find(this.root, ".words");
    this.people = find(this.root, ".people");
    this.dots = find(this.root, ".dots");
    find(this.root, ".tools").append(recordButton(name));
    this.over = false;
  }

  /**
   * @param {SourceView} view
   * @param {Picture | undefined} picture
   * @param {Snapshot} snapshot
   * @param {boolean} pictures - whether any are wanted.
   */
  show(view, picture, snapshot, pictures) {
    const level = levelOf(view);
    tell(this.words, view.words);
    mark(this.words, "level", level);
    mark(this.root, "level", level);
    if (this.root.title !== view.condition.words) this.root.title = view.condition.words;
    const stopped = level === "error" || view.state === "reconnecting" || view.state === "opening";
    tell(this.people, stopped || this.over ? "" : facesOf(view));
    this.#showDots(view);
    if (this.over) return;
    if (picture?.image) this.screen.paint(picture.image, picture.result, snapshot);
    else if (!pictures && view.result) this.screen.paintAlone(view.result, snapshot);
    this.screen.say(stopped ? view.words : this.screen.pictured ? "" : "waiting for the first picture");
  }

  /**
   * A dot of its label's colour for each face.
   * @param {SourceView} view
   */
  #showDots({ result }) {
    const labels = result ? result.faces.filter((face) => face.track_id !== null).map((face) => face.label ?? "") : [];
    const shown = this.over ? "" : labels.slice(0, MOST_DOTS).join(",");
    if (this.dots.dataset.labels === shown) return;
    this.dots.dataset.labels = shown;
    const dots = shown ? shown.split(",") : [];
    this.dots.replaceChildren(
      ...dots.map((label) => {
        const dot = make("i");
        dot.style.background = EMOTION_COLOURS[label] ?? "transparent";
        return dot;
      }),
    );
  }
}
