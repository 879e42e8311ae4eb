// The faces of one frame of a recording: a card each, with its label and seven bars.

import { EMOTION_COLOURS, trackColour } from "./colours.js";
import { arrange, copyOf, element, find, make, tell } from "./dom.js";
import { inFavour } from "./smoothing.js";
import { labelOf, percent } from "./words.js";

/** @import { Face, Smoothed } from "./types.js" */

export class Moment {
  /** @type {Map<string, HTMLElement>} */
  #cards = new Map();

  /** @param {string[]} emotions */
  constructor(emotions) {
    this.emotions = emotions;
    this.root = element("moment");
    this.words = element("moment-words");
  }

  /** @param {Smoothed | null} row - null: nothing is known of this moment. */
  show(row) {
    const faces = row?.faces ?? [];
    tell(this.words, !row ? "This moment has not been analysed." : row.size ? (faces.length ? "" : "No face.") : "This frame had to be given up.");
    arrange(this.root, faces.map((face, i) => this.#show(face, face.track_id === null ? `?${i}` : `${face.track_id}`)));
  }

  /** Takes all cards away. */
  clear() {
    this.#cards.clear();
    this.root.replaceChildren();
  }

  /**
   * @param {Face} face
   * @param {string} key
   */
  #show(face, key) {
    const card = this.#cards.get(key) ?? this.#make(key, face.track_id);
    const shares = face.smoothed ?? face.probs;
    const most = face.label ?? (shares && !face.reason ? this.emotions[shares.indexOf(Math.max(...shares))] : null);
    const shown = shares && face.label ? inFavour(shares, this.emotions.indexOf(face.label)) : shares;
    find(card, ".label").textContent = labelOf(face) || (shares ? `${most}` : "not yet classified");
    card.querySelectorAll(".bar").forEach((bar, i) => {
      bar.classList.toggle("most", this.emotions[i] === most);
      find(bar, ".fill").style.transform = `scaleX(${(shown?.[i] ?? 0).toFixed(3)})`;
      find(bar, ".percent").textContent = shown ? percent(shown[i]) : "–";
      bar.setAttribute("aria-valuenow", `${Math.round(100 * (shown?.[i] ?? 0))}`);
      find(bar, ".tick").hidden = !face.probs;
      if (face.probs) find(bar, ".tick").style.transform = `translateX(${(100 * face.probs[i]).toFixed(1)}%)`;
    });
    return card;
  }

  /**
   * @param {string} key
   * @param {number | null} id
   */
  #make(key, id) {
    const card = make("article", "face");
    const top = make("header");
    const title = make("h4");
    title.append(make("span", "badge", id === null ? "–" : `${id}`), make("span", "label"));
    top.append(title);
    card.setAttribute("aria-label", id === null ? "a face without an id" : `face ${id}`);
    if (id !== null) card.style.setProperty("--track", trackColour(id));
    const bars = this.emotions.map((emotion) => {
      const bar = copyOf("bar-template");
      bar.setAttribute("aria-label", emotion);
      bar.style.setProperty("--emotion", EMOTION_COLOURS[emotion]);
      find(bar, ".word").textContent = emotion;
      return bar;
    });
    card.append(top, ...bars);
    this.#cards.set(key, card);
    return card;
  }
}
