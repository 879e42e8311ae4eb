// A film in the browser, or what stands for it where it is not shown; its time is that of the results (`pts`).

import { element, tell } from "./dom.js";

/** @import { Upload } from "./uploads.js" */

const UNPLAYABLE = "This browser cannot play this film; below and beside is what was found in it.";
const WITHHELD = "Pictures are not shown on this dashboard; this is what was found.";

export class Film {
  #began = 0; // the player's time of the first frame, whose pts is 0
  #hasBegun = false;
  #removed = false;
  /** Whether there is something to play. */
  isPlayable = false;

  /**
   * @param {Upload | null} upload - null: it is not shown.
   * @param {(pts: number) => void} reached - told which frame is shown.
   */
  constructor(upload, reached) {
    this.reached = reached;
    this.video = /** @type {HTMLVideoElement} */ (element("film"));
    this.still = /** @type {HTMLImageElement} */ (element("still"));
    this.words = element("screen-words");
    const isFilm = upload !== null && !upload.is_picture;
    this.video.hidden = !isFilm;
    this.still.hidden = upload === null || isFilm;
    tell(this.words, upload ? "" : WITHHELD);
    this.#allow(false);
    const src = upload && `/api/uploads/${upload.id}/media`;
    if (isFilm && src) this.#load(src);
    else if (src) {
      this.still.onerror = () => this.#fail();
      this.still.src = src;
    }
  }

  get isPlaying() {
    return this.isPlayable && !this.video.paused && !this.video.ended;
  }

  /**
   * Gives the screen the shape of its frames.
   * @param {[number, number] | null} size
   */
  fit(size) {
    if (!size) return;
    element("screen").style.setProperty("--shape", `${size[0]} / ${size[1]}`);
    element("screen").style.setProperty("--ratio", `${(size[0] / size[1]).toFixed(3)}`);
  }

  toggle() {
    if (!this.isPlayable) return;
    if (this.isPlaying) this.video.pause();
    else this.video.play().catch(() => {}); // paused before it began, or `onerror` says why
  }

  pause() {
    if (this.isPlayable) this.video.pause();
  }

  /**
   * Shows the frame that begins at `pts` and lasts for some seconds.
   * @param {number} pts
   * @param {number} lasts
   */
  show(pts, lasts) {
    if (this.isPlayable) this.video.currentTime = this.#began + pts + lasts / 2; // its middle: rounding must not miss it
    else this.reached(pts);
  }

  remove() {
    this.#removed = true;
    this.video.onerror = this.video.onloadeddata = this.still.onerror = null;
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    this.still.removeAttribute("src");
  }

  /** @param {string} src */
  #load(src) {
    this.video.onerror = () => this.#fail();
    this.video.onloadeddata = () => this.#allow(this.video.videoWidth > 0);
    this.video.onpause = this.video.onplay = () => tell(element("play"), this.isPlaying ? "Pause" : "Play");
    this.#follow();
    this.video.src = src;
    this.video.load();
  }

  #follow() {
    this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (this.#removed) return;
      if (!this.#hasBegun) this.#began = mediaTime;
      this.#hasBegun = true;
      this.reached(mediaTime - this.#began);
      this.#follow();
    });
  }

  #fail() {
    this.video.hidden = this.still.hidden = true;
    tell(this.words, UNPLAYABLE);
    this.#allow(false);
  }

  /** @param {boolean} isPlayable */
  #allow(isPlayable) {
    this.isPlayable = isPlayable;
    /** @type {HTMLButtonElement} */ (element("play")).disabled = !isPlayable;
  }
}
