// One source's picture: a canvas on which a frame and its own result are drawn together.

import { tell } from "./dom.js";
import { decodeJpeg } from "./jpeg.js";
import { drawOverlay } from "./overlay.js";
import { settings } from "./settings.js";
import { labelOf } from "./words.js";

/** @import { Decoded, Picture, Smoothed } from "./types.js" */

const DENSEST = 2; // canvas pixels per CSS pixel
const STALE_S = 1; // a frame whose faces are not known is shown only if there has been no other for so long

/** @type {WeakMap<Element, Screen>} */
const screens = new WeakMap();
const observer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) screens.get(target)?.fit(contentRect.width, contentRect.height);
});

/** A `.picture` with its canvas and the words over it. */
export class Screen {
  /** @type {Smoothed | null} */
  pictured = null;
  #width = 0;
  #height = 0;
  /** @type {[number, number] | null} */
  #natural = null; // size of the pictures as sent
  #describedAt = -Infinity;
  #redraw = false;

  /**
   * @param {HTMLElement} root
   * @param {string} name - the source's.
   */
  constructor(root, name) {
    this.name = name;
    this.root = root;
    this.canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { alpha: false }));
    this.over = /** @type {HTMLElement} */ (root.querySelector(".over"));
    this.canvas.setAttribute("aria-label", `${name}: no picture yet`);
    screens.set(root, this);
    observer.observe(root);
  }

  /**
   * The place on the page that the picture may take, in CSS pixels.
   * @param {number} width
   * @param {number} height
   */
  fit(width, height) {
    [this.#width, this.#height] = [width, height];
    this.#redraw = true;
  }

  /**
   * The size in canvas pixels at which a frame is drawn.
   * @param {[number, number]} size - of the frame.
   */
  sizeOf([width, height]) {
    if (!this.#width) [this.#width, this.#height] = [this.root.clientWidth, this.root.clientHeight];
    if (!this.#width) return [width, height]; // not on the page yet
    const scale = Math.min(this.#width / width, this.#height / height) * Math.min(devicePixelRatio, DENSEST);
    return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  }

  /**
   * Decodes a picture for the size at which it will be drawn; null if it will not be.
   * @param {Picture} picture
   */
  async decode(picture) {
    const size = picture.result.size ?? this.pictured?.size;
    if (!this.isWorthShowing(picture.result)) return null;
    const share = size && this.#natural ? this.sizeOf(size)[0] / this.#natural[0] : 1;
    const image = await decodeJpeg(picture.jpeg, share, this.#natural);
    if (image?.isWhole) this.#natural = [image.width, image.height];
    return image;
  }

  /**
   * A frame that was given up has no boxes.
   * @param {Smoothed} result
   */
  isWorthShowing(result) {
    const shown = this.pictured;
    return result.size || !shown || result.epoch !== shown.epoch || result.pts - shown.pts > STALE_S;
  }

  /**
   * Draws a frame and its result.
   * @param {Decoded | null} image - null: the result alone, on an empty ground.
   * @param {Smoothed} result
   * @param {{confident: number, emotions: string[]}} how
   */
  paint(image, result, how) {
    const size = result.size ?? /** @type {[number, number] | null} */ (image && [image.width, image.height]);
    if (!size) return;
    const [width, height] = this.sizeOf(size);
    if (this.canvas.width !== width || this.canvas.height !== height) {
      [this.canvas.width, this.canvas.height] = [width, height];
      this.root.style.setProperty("--shape", `${size[0]} / ${size[1]}`);
    }
    if (image) this.pen.drawImage(image.source, 0, 0, width, height);
    else {
      this.pen.fillStyle = "#1b2027";
      this.pen.fillRect(0, 0, width, height);
    }
    const pixel = Math.min(devicePixelRatio, DENSEST);
    drawOverlay(this.pen, result, { ...how, width, height, drawn: settings.drawn, pixel });
    this.pictured = result;
    this.#redraw = false;
    this.#describe(result);
  }

  /**
   * Draws the result alone, where no pictures are wanted.
   * @param {Smoothed} result
   * @param {{confident: number, emotions: string[]}} how
   */
  paintAlone(result, how) {
    const { pictured } = this;
    const isNew = !pictured || result.epoch !== pictured.epoch || result.seq !== pictured.seq;
    if (result.size && (isNew || this.#redraw)) this.paint(null, result, how);
  }

  /**
   * Shows another source.
   * @param {string} name
   */
  turnTo(name) {
    this.name = name;
    this.#natural = null;
    this.#describedAt = -Infinity;
    this.clear();
  }

  /** Takes the picture away. */
  clear() {
    this.pictured = null;
    this.canvas.width = 1;
    this.canvas.height = 1;
    this.canvas.setAttribute("aria-label", `${this.name}: no picture`);
  }

  /**
   * The words over a frozen or absent picture.
   * @param {string} words
   */
  say(words) {
    tell(this.over, words);
  }

  /** @param {Smoothed} result */
  #describe({ faces, seq }) {
    if (performance.now() - this.#describedAt < 1000) return; // screen readers cannot follow every frame
    this.#describedAt = performance.now();
    const people = faces.filter((face) => face.track_id !== null);
    const words = people.map((face) => `face ${face.track_id} ${labelOf(face) || "not yet classified"}`);
    this.canvas.setAttribute("aria-label", `${this.name}, frame ${seq}: ${words.join(", ") || "no face"}`);
  }
}
