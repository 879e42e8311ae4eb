// One upload: its film with the result of exactly the frame that is shown, and everybody over time.

import { ask } from "./requests.js";
import { Chart } from "./chart.js";
import { EMOTION_COLOURS, trackColour } from "./colours.js";
import { element, make, tell } from "./dom.js";
import { Film } from "./film.js";
import { Moment } from "./moment.js";
import { drawOverlay } from "./overlay.js";
import { clock, counted } from "./quantities.js";
import { fileLink, rank } from "./recorded.js";
import { Rows } from "./rows.js";
import { factsOf } from "./uploads.js";

/** @import { Track } from "./chart.js" */
/** @import { Smoothed } from "./types.js" */
/** @import { Upload } from "./uploads.js" */

const MOST_CHARTS = 24;
const ALL = { boxes: true, ids: true, labels: true, landmarks: false };

export class Player {
  /** @type {Chart[]} */
  #charts = [];
  /** @type {Smoothed | null} */
  #row = null;
  #asked = 0;
  #known = -1;
  #seconds = 0;
  #pts = 0;

  /**
   * @param {Upload} upload
   * @param {{isShown: boolean, confident: number}} how - whether the film is shown.
   */
  constructor(upload, { isShown, confident }) {
    this.id = upload.id;
    this.confident = confident;
    this.rows = new Rows(upload.id);
    this.canvas = /** @type {HTMLCanvasElement} */ (element("overlay"));
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.moment = new Moment(Object.keys(EMOTION_COLOURS));
    this.seekBar = /** @type {HTMLInputElement} */ (element("seek"));
    this.film = new Film(isShown ? upload : null, (pts) => this.#reach(pts));
    this.listening = new AbortController();
    const { signal } = this.listening;
    element("play").addEventListener("click", () => this.film.toggle(), { signal });
    element("back").addEventListener("click", () => this.#step(-1), { signal });
    element("forth").addEventListener("click", () => this.#step(1), { signal });
    this.seekBar.addEventListener("input", () => this.#seek(Number(this.seekBar.value)), { signal });
    addEventListener("keydown", (event) => this.#press(event), { signal });
    this.sizes = new ResizeObserver(() => this.#draw());
    this.sizes.observe(element("screen"));
    this.show(upload);
    this.#reach(0);
  }

  /**
   * Follows how far the analysis is.
   * @param {Upload} upload
   */
  show(upload) {
    tell(element("look-name"), upload.name);
    element("look").classList.toggle("of-picture", upload.is_picture);
    tell(element("look-words"), factsOf(upload));
    const names = upload.tables.toSorted((a, b) => rank(a) - rank(b));
    tell(element("tables-words"), names.length ? "" : upload.state === "done" ? "There are no tables without the recorder (make recorder)." : "Tables are made once everything is analysed.");
    const links = element("tables");
    if (links.childElementCount !== names.length) {
      links.replaceChildren(...names.map((name) => listed(fileLink(`/api/uploads/${this.id}/tables/${name}`, name))));
    }
    const isNews = upload.frames !== this.#known && (upload.state === "done" || upload.frames > this.#known * 1.05);
    if (!isNews) return;
    this.#known = upload.frames;
    this.rows.clear();
    this.#recall();
    this.#reach(this.#pts);
  }

  /** Lets go of everything. */
  remove() {
    this.listening.abort();
    this.sizes.disconnect();
    this.#asked += 1; // what is still on its way is for nobody
    this.film.remove();
    this.moment.clear();
    for (const chart of this.#charts) chart.remove();
    element("timelines").replaceChildren();
  }

  async #recall() {
    const said = await ask(`/api/uploads/${this.id}/timeline`).catch(() => null);
    if (!said || this.listening.signal.aborted) return;
    this.#seconds = said.seconds;
    this.seekBar.max = `${said.seconds}`;
    for (const chart of this.#charts) chart.remove();
    const longest = [...said.tracks].sort((a, b) => b.last_pts - b.first_pts - (a.last_pts - a.first_pts)).slice(0, MOST_CHARTS);
    const shown = longest.sort((a, b) => a.track_id - b.track_id);
    const left = said.tracks.length - shown.length;
    tell(element("people-words"), said.tracks.length ? (left ? `The ${MOST_CHARTS} seen longest; the tables have ${left} more.` : "") : "Nobody was followed.");
    this.#charts = shown.map((track) => new Chart(track, said.emotions, { seconds: said.seconds, step: said.step, seek: (pts) => this.#seek(pts) }));
    element("timelines").replaceChildren(...shown.map((track, i) => person(track, this.#charts[i])));
    this.#point();
  }

  // The film shows the frame of this moment.
  /** @param {number} pts */
  async #reach(pts) {
    this.#pts = pts;
    const asked = (this.#asked += 1);
    const { row } = await this.rows.at(pts).catch(() => ({ row: null }));
    if (asked !== this.#asked) return;
    this.#row = row;
    this.#draw();
    this.moment.show(row);
    tell(element("frame"), row ? `frame ${row.seq}` : "");
    element("play").textContent = this.film.isPlaying ? "Pause" : "Play";
    if (document.activeElement !== this.seekBar || this.film.isPlaying) this.seekBar.value = `${pts}`;
    this.#point();
  }

  #point() {
    for (const chart of this.#charts) chart.point(this.#pts);
    tell(element("clock"), `${clock(this.#pts)} / ${clock(this.#seconds)}`);
  }

  #draw() {
    const { clientWidth, clientHeight } = this.canvas;
    const pixel = Math.min(devicePixelRatio, 2);
    const [width, height] = [Math.round(clientWidth * pixel), Math.round(clientHeight * pixel)];
    if (!width) return;
    [this.canvas.width, this.canvas.height] = [width, height];
    if (!this.#row) return;
    this.film.fit(this.#row.size);
    drawOverlay(this.pen, this.#row, { width, height, confident: this.confident, drawn: ALL, pixel });
    const people = this.#row.faces.map(({ track_id: id, label }) => `face ${id ?? "without an id"} ${label ?? ""}`.trim());
    this.canvas.setAttribute("aria-label", `Frame ${this.#row.seq}: ${people.join(", ") || "no face"}`);
  }

  /** @param {number} pts */
  async #seek(pts) {
    const { row, after } = await this.rows.at(pts).catch(() => ({ row: null, after: null }));
    if (this.listening.signal.aborted) return;
    if (row) this.film.show(row.pts, after ? after.pts - row.pts : 0.02);
    else this.film.show(pts, 0);
  }

  /** @param {-1 | 1} way */
  async #step(way) {
    this.film.pause();
    const { before, after } = await this.rows.at(this.#row?.pts ?? this.#pts).catch(() => ({ before: null, after: null }));
    const next = way < 0 ? before : after;
    if (next) await this.#seek(next.pts);
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea, select, a, summary")) return;
    if (event.key === "ArrowLeft") this.#step(-1);
    else if (event.key === "ArrowRight") this.#step(1);
    else if (event.key === " " && !target.matches("button")) this.film.toggle();
    else return;
    event.preventDefault();
  }
}

/** @param {HTMLElement} content */
function listed(content) {
  const made = make("li");
  made.append(content);
  return made;
}

/**
 * @param {Track} track
 * @param {Chart} chart
 */
function person(track, chart) {
  const made = make("div", "person");
  const badge = make("span", "badge", `${track.track_id}`);
  badge.style.setProperty("--track", trackColour(track.track_id));
  badge.title = `Seen from ${clock(track.first_pts)} to ${clock(track.last_pts)}, ${counted(track.pts.length, "point")}`;
  chart.root.setAttribute("role", "img");
  chart.root.setAttribute("aria-label", `The labels of face ${track.track_id} over time, from ${clock(track.first_pts)} to ${clock(track.last_pts)}`);
  made.append(badge, chart.root);
  return made;
}
