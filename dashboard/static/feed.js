// A camera's frames to the dashboard, and their results back: see dashboard/browser_camera.py.

/** @import { Smoothed } from "./types.js" */

/** @typedef {{source: string, fps: number, confident: number, emotions: string[]}} Welcome */
/** @typedef {{result: Smoothed, lagMs: number, jpeg: Blob}} Answer */
/** @typedef {{level: string, words: string} | null} Condition */

const CREDITS = 2; // frames on the way
const LONGEST_SIDE = 960;
const QUALITY = 0.8;
const KEPT = 8; // sent frames whose late results still count

export class Feed {
  #credits = 0;
  #number = 0;
  #busy = false;
  #lastAt = -Infinity;
  #over = false;
  /** @type {Welcome | null} */
  #welcome = null;
  /** @type {Map<number, {at: number, jpeg: Blob}>} */
  #sent = new Map();

  /**
   * @param {HTMLVideoElement} video - the camera's, playing.
   * @param {string} name - what the visitor calls it.
   * @param {object} ends
   * @param {(welcome: Welcome) => void} ends.begun
   * @param {(answer: Answer) => void} ends.answer
   * @param {(condition: Condition) => void} ends.condition
   * @param {(words: string | null) => void} ends.ended - with the dashboard's reason; null: the connection is lost.
   */
  constructor(video, name, ends) {
    this.video = video;
    this.ends = ends;
    this.canvas = document.createElement("canvas");
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d", { alpha: false }));
    this.socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/camera/feed`);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.socket.send(JSON.stringify({ name }));
    this.socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    this.socket.onclose = () => this.#end(null);
    this.#wait();
  }

  /** Ends it: the source is closed. */
  close() {
    this.#over = true;
    this.socket.onclose = this.socket.onmessage = null;
    this.socket.close();
  }

  /** @param {any} said */
  #hear(said) {
    if ("error" in said) return this.#end(said.error);
    if ("condition" in said) return this.ends.condition(said.condition);
    if ("source" in said) {
      this.#welcome = said;
      this.#credits = CREDITS;
      return this.ends.begun(said);
    }
    this.#credits += said.credits;
    const sent = this.#sent.get(said.number);
    if (!said.result || !sent) return undefined;
    this.#sent.delete(said.number);
    return this.ends.answer({ result: said.result, lagMs: performance.now() - sent.at, jpeg: sent.jpeg });
  }

  /** @param {string | null} words */
  #end(words) {
    if (this.#over) return;
    this.close();
    this.ends.ended(words);
  }

  #wait() {
    if (this.#over) return;
    this.video.requestVideoFrameCallback((now, { captureTime }) => {
      this.#send(captureTime ?? now);
      this.#wait();
    });
  }

  // The newest frame, if one more may be sent; those in between are skipped.
  /** @param {number} at - when it was captured. */
  #send(at) {
    const early = this.#welcome && at - this.#lastAt < 800 / this.#welcome.fps;
    if (!this.#credits || this.#busy || early || !this.video.videoWidth) return;
    this.#credits -= 1;
    this.#busy = true;
    this.#lastAt = at;
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(videoWidth, videoHeight));
    const [width, height] = [Math.round(videoWidth * scale), Math.round(videoHeight * scale)];
    if (this.canvas.width !== width || this.canvas.height !== height) [this.canvas.width, this.canvas.height] = [width, height];
    this.pen.drawImage(this.video, 0, 0, width, height);
    this.canvas.toBlob((jpeg) => this.#dispatch(jpeg, at), "image/jpeg", QUALITY);
  }

  /**
   * @param {Blob | null} jpeg
   * @param {number} at
   */
  #dispatch(jpeg, at) {
    this.#busy = false;
    if (this.#over || this.socket.readyState !== WebSocket.OPEN) return;
    if (!jpeg) {
      this.#credits += 1;
      return;
    }
    this.#number += 1;
    const number = new DataView(new ArrayBuffer(4));
    number.setUint32(0, this.#number);
    this.#sent.set(this.#number, { at, jpeg });
    for (const old of this.#sent.keys()) if (old <= this.#number - KEPT) this.#sent.delete(old);
    this.socket.send(new Blob([number.buffer, jpeg]));
  }
}
