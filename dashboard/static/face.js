// The card of one face.

import { EMOTION_COLOURS, trackColour } from "./colours.js";
import { copyOf, find, tell } from "./dom.js";
import { settings } from "./settings.js";
import { follow, inFavour } from "./smoothing.js";
import { Timeline } from "./timeline.js";
import { Trace } from "./trace.js";
import { duration, labelOf, percent, signed } from "./words.js";

/** @import { Decoded, Face } from "./types.js" */

const UNCLASSIFIED_S = 2; // older probabilities are marked, at low frame rates those older than ten frames
const THUMBNAIL_MS = 2000;
const MARGIN = 0.25; // around the box, as a share of it

export class Card {
  /** @type {number | null} */
  pts = null;
  /** @type {number[] | null} */
  shown = null;
  /** @type {number[] | null} */
  raw = null;
  /** @type {number[] | null} */
  baseline = null;
  label = "";
  seenS = 0;
  ageS = 0;
  isVisible = true;
  #dt = 0;
  #isOld = false;
  /** @type {number[] | null} */
  #followed = null;
  /** @type {number | null} */
  #pointed = null;
  #pictureAt = -Infinity;
  #now = 0;

  /**
   * @param {number} id - its track's.
   * @param {string[]} emotions
   */
  constructor(id, emotions) {
    this.id = id;
    this.emotions = emotions;
    this.root = copyOf("face-template");
    this.root.dataset.track = `${id}`;
    this.root.style.setProperty("--track", trackColour(id));
    find(this.root, ".badge").textContent = `${id}`;
    this.root.setAttribute("aria-label", `face ${id}`);
    this.trace = new Trace(emotions.length);
    this.bars = emotions.map((emotion) => new Bar(emotion, find(this.root, ".bars")));
    this.timeline = new Timeline(find(this.root, ".timeline"), this.trace, emotions, (agoS) => this.#point(agoS));
    find(this.root, ".timeline").setAttribute("aria-label", `The last 60 seconds of face ${id}`);
    this.pin = find(this.root, ".pin");
    this.pin.addEventListener("click", () => this.pinBaseline());
    this.words = find(this.root, ".label");
    this.facts = find(this.root, ".facts");
    this.thumbnail = /** @type {HTMLCanvasElement} */ (find(this.root, ".thumbnail"));
  }

  /**
   * Takes in the face of a newer result.
   * @param {Face} face
   * @param {number} pts
   * @param {boolean} isFaint
   */
  hear(face, pts, isFaint) {
    this.#dt = this.pts === null ? 0 : Math.max(0, pts - this.pts);
    this.pts = pts;
    this.seenS = pts - face.first_pts;
    this.root.classList.toggle("faint", isFaint);
    this.root.classList.toggle("unread", Boolean(face.reason));
    this.label = labelOf(face);
    if (face.probs) this.raw = face.probs;
    if (!face.smoothed || face.classified_pts === null) return;
    this.trace.add(face.classified_pts, face.smoothed);
    this.ageS = pts - face.classified_pts;
    this.#isOld = this.ageS > Math.max(UNCLASSIFIED_S, 10 * this.#dt);
    this.#followed = follow(this.#followed, face.smoothed, this.#dt, settings.smoothing);
    this.shown = face.label ? inFavour(this.#followed, this.emotions.indexOf(face.label)) : this.#followed;
  }

  /**
   * Draws it as it is now.
   * @param {number} now - media time of the newest result, in seconds.
   */
  draw(now) {
    this.#now = now;
    const awayS = now - (this.pts ?? now);
    this.root.classList.toggle("away", awayS > 0);
    if (!this.isVisible) return;
    this.root.classList.toggle("old", this.#isOld);
    const seen = awayS >= 1 ? `left ${duration(awayS)} ago` : `seen ${duration(this.seenS)}`;
    const facts = this.#isOld ? `last classified ${duration(this.ageS)} ago` : seen;
    tell(this.facts, this.#pointed === null ? facts : `${Math.round(this.#pointed)} s ago`);
    const past = this.#pointed === null ? null : this.trace.at(now - this.#pointed);
    const values = this.#pointed === null ? this.shown : past;
    const label = this.#pointed === null ? this.label : past ? this.emotions[past.indexOf(Math.max(...past))] : "";
    tell(this.words, label || (values ? "" : this.#pointed === null ? "not yet classified" : "not measured"));
    this.bars.forEach((bar, i) => {
      bar.show(values && values[i], this.emotions[i] === label, this.baseline && this.baseline[i]);
      bar.mark(this.raw && !this.#isOld && this.#pointed === null ? this.raw[i] : null);
    });
    this.timeline.show(now);
  }

  /** Takes its bars as they are for the person's own baseline, or drops that. */
  pinBaseline() {
    this.baseline = this.baseline || !this.shown ? null : [...this.shown];
    this.pin.setAttribute("aria-pressed", `${Boolean(this.baseline)}`);
    this.pin.textContent = this.baseline ? "Baseline set" : "Neutral now";
    this.root.classList.toggle("pinned", Boolean(this.baseline));
    this.draw(this.#now);
  }

  /**
   * Cuts its face out of the picture in which it was found, every two seconds.
   * @param {Decoded} image
   * @param {Face} face
   * @param {number} scale - pixels of the image per pixel of the frame.
   * @param {number} nowMs
   */
  cut(image, face, scale, nowMs) {
    if (!this.isVisible || nowMs - this.#pictureAt < THUMBNAIL_MS) return;
    this.#pictureAt = nowMs;
    const [x1, y1, x2, y2] = face.xyxy.map((value) => value * scale);
    const side = Math.max(x2 - x1, y2 - y1) * (1 + MARGIN);
    const [left, top] = [(x1 + x2 - side) / 2, (y1 + y2 - side) / 2];
    const pen = /** @type {CanvasRenderingContext2D} */ (this.thumbnail.getContext("2d"));
    const { width, height } = this.thumbnail;
    pen.clearRect(0, 0, width, height);
    pen.drawImage(image.source, left, top, side, side, 0, 0, width, height);
    this.thumbnail.hidden = false;
  }

  /** Takes the cut-out away. */
  forgetPicture() {
    this.#pictureAt = -Infinity;
    this.thumbnail.hidden = true;
    this.thumbnail.width += 0; // which empties it
  }

  /** @param {number | null} agoS */
  #point(agoS) {
    this.#pointed = agoS;
    this.root.classList.toggle("past", agoS !== null);
    this.draw(this.#now);
  }
}

/** One of a face's seven bars: what is shown, a mark at the raw value, and the change against a baseline. */
class Bar {
  /**
   * @param {string} emotion
   * @param {Element} parent
   */
  constructor(emotion, parent) {
    this.root = copyOf("bar-template");
    this.root.setAttribute("aria-label", emotion);
    this.root.style.setProperty("--emotion", EMOTION_COLOURS[emotion]);
    find(this.root, ".word").textContent = emotion;
    this.fill = find(this.root, ".fill");
    this.tick = find(this.root, ".tick");
    this.base = find(this.root, ".base");
    this.text = find(this.root, ".percent");
    this.change = find(this.root, ".change");
    this.raw = find(this.root, ".raw");
    parent.append(this.root);
  }

  /**
   * @param {number | null} share - null: not known.
   * @param {boolean} isMost
   * @param {number | null} base - the baseline's.
   */
  show(share, isMost, base) {
    this.root.classList.toggle("most", isMost);
    move(this.fill, "scaleX", share ?? 0);
    const change = base === null || share === null ? "" : signed(share - base);
    tell(this.change, change);
    this.base.hidden = base === null;
    if (base !== null) move(this.base, "translateX", base);
    const text = share === null ? "–" : percent(share);
    const whole = change ? `${text}, ${change} against the baseline` : share === null ? "not yet classified" : "";
    if (this.root.ariaValueText !== (whole || null)) this.root.ariaValueText = whole || null;
    if (this.text.textContent === text) return;
    this.text.textContent = text;
    this.root.setAttribute("aria-valuenow", `${Math.round((share ?? 0) * 100)}`);
  }

  /** @param {number | null} share */
  mark(share) {
    if (this.tick.hidden !== (share === null)) this.tick.hidden = share === null;
    if (share !== null) move(this.tick, "translateX", share);
    tell(this.raw, share === null ? "" : `raw ${percent(share)}`);
  }
}

/**
 * @param {HTMLElement} part
 * @param {"scaleX" | "translateX"} how
 * @param {number} share
 */
function move(part, how, share) {
  const value = how === "scaleX" ? `scaleX(${share.toFixed(3)})` : `translateX(${(100 * share).toFixed(1)}%)`;
  if (part.style.transform !== value) part.style.transform = value;
}
