// The WebSocket to /view: takes one snapshot at a time and asks for the next with what the viewer wishes.

import { settings } from "./settings.js";

/** @import { Snapshot } from "./types.js" */

const SILENCE_MS = 5000; // the server sends at least once a second
const LONGEST_SILENCE_MS = 60000; // on a slow link
const RETRY_MS = [300, 1000, 2000, 5000];
const LOST = "connection lost, trying again";

/**
 * The JSON and, in it, the JPEGs of a message.
 * @param {ArrayBuffer} buffer
 * @returns {Omit<Snapshot, "received_ms">}
 */
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const snapshot = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let start = 4 + length;
  for (const picture of snapshot.pictures) {
    picture.jpeg = new Uint8Array(buffer, start, picture.bytes);
    start += picture.bytes;
  }
  return snapshot;
}

/** Connects while the page can be seen, again after every loss. */
export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  #retries = 0;
  #lastNews = 0;
  #patience = SILENCE_MS;

  /**
   * @param {object} ends
   * @param {() => string | null} ends.focus - the source that is enlarged.
   * @param {(snapshot: Snapshot) => Promise<void>} ends.prepare - decodes what is about to be drawn.
   * @param {(snapshot: Snapshot) => void} ends.draw
   * @param {(snapshot: Snapshot) => void} ends.discard - frees what was decoded; called for every snapshot.
   * @param {(state: "live" | "lost" | "refused", words: string) => void} ends.say
   */
  constructor(ends) {
    this.ends = ends;
    setInterval(() => this.#watch(), 1000);
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#leave() : this.#connect()));
    this.#connect();
  }

  /** Says at once what the viewer wishes now. */
  ask() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify({ focus: this.ends.focus(), pictures: settings.pictures }));
  }

  #connect() {
    if (this.#socket || document.hidden) return; // a hidden page requests no pictures
    const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/view`);
    mine.binaryType = "arraybuffer";
    mine.onopen = () => this.ask();
    mine.onmessage = ({ data }) => this.#take(mine, data);
    mine.onclose = () => mine === this.#socket && this.#reconnect();
    this.#socket = mine;
    this.#lastNews = performance.now();
  }

  /**
   * @param {WebSocket} mine
   * @param {ArrayBuffer} data
   */
  async #take(mine, data) {
    const now = performance.now();
    this.#patience = Math.min(Math.max(SILENCE_MS, 3 * (now - this.#lastNews)), LONGEST_SILENCE_MS);
    this.#lastNews = now;
    const snapshot = { ...unpack(data), received_ms: now };
    await this.ends.prepare(snapshot);
    if (mine !== this.#socket) return this.ends.discard(snapshot);
    this.#retries = 0;
    this.ends.say("live", "live");
    requestAnimationFrame(() => {
      try {
        if (mine === this.#socket) this.ends.draw(snapshot);
      } finally {
        this.ends.discard(snapshot);
        if (mine === this.#socket) this.ask();
      }
    });
  }

  #leave() {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  #reconnect() {
    this.#leave();
    if (this.#retries) this.#explain();
    else this.ends.say("lost", LOST);
    this.#patience = Math.min(2 * this.#patience, LONGEST_SILENCE_MS);
    setTimeout(() => this.#connect(), RETRY_MS[Math.min(this.#retries++, RETRY_MS.length - 1)]);
  }

  // A refused WebSocket gives no reason; a request over HTTP does.
  async #explain() {
    const answer = await fetch("/static/icon.svg", { signal: AbortSignal.timeout(SILENCE_MS) }).catch(() => null);
    const text = answer?.status === 401 ? (await answer.text()).trim() : "";
    if (this.#socket?.readyState === WebSocket.OPEN) return;
    this.ends.say(text ? "refused" : "lost", text || LOST);
  }

  #watch() {
    if (this.#socket && performance.now() - this.#lastNews > this.#patience) this.#reconnect();
  }
}
