// The page of live sources: a wall of all, or one of them enlarged.

import { Connection } from "./connection.js";
import { element, tell } from "./dom.js";
import { showHealth } from "./health.js";
import { decodeJpeg } from "./jpeg.js";
import { startMenu } from "./menu.js";
import { onChange, picturesWithin, settings } from "./settings.js";
import { Strip } from "./strip.js";
import { View } from "./view.js";
import { Wall } from "./wall.js";

/** @import { Picture, Snapshot } from "./types.js" */

const wall = new Wall();
const view = new View();
const strip = new Strip();
const limitPictures = startMenu();
let pictures = settings.pictures;
let theme = settings.theme;
/** @type {string | null} */
let only = null;
/** @type {Snapshot | null} */
let newest = null;
/** @type {Map<string, Picture>} */
const last = new Map(); // of each source, for a screen that turns to it

// The source that the address names; what cannot be a source's name is a place on the page, as "#Notice".
const focus = () => /^#([a-z0-9_-]{1,32})$/.exec(location.hash)?.[1] ?? null;
const shown = () => focus() ?? only;

/** @param {string} source */
const screenOf = (source) => (shown() ? (shown() === source ? view.screen : undefined) : wall.screenOf(source));

/**
 * The pictures to draw: those that are new, and the last of a source where there is none yet.
 * @param {Snapshot} snapshot
 */
async function prepare(snapshot) {
  only = snapshot.sources.length === 1 ? snapshot.sources[0].source : null;
  const fresh = new Map(snapshot.pictures.map((picture) => [picture.source, picture]));
  const listed = new Set(snapshot.sources.map(({ source }) => source));
  for (const source of last.keys()) if (!listed.has(source)) last.delete(source);
  for (const [source, picture] of last) {
    if (!fresh.has(source) && screenOf(source)?.pictured === null) fresh.set(source, picture);
  }
  for (const [source, picture] of fresh) last.set(source, { ...picture, image: undefined });
  snapshot.pictures = [...fresh.values()].filter(({ source }) => !shown() || shown() === source);
  await Promise.all(
    snapshot.pictures.map(async (picture) => {
      const screen = screenOf(picture.source);
      picture.image = await (screen ? screen.decode(picture) : decodeJpeg(picture.jpeg, 1, null));
    }),
  );
}

/** @param {Snapshot} snapshot */
function draw(snapshot) {
  newest = snapshot;
  limitPictures(snapshot.pictures_allowed);
  const wanted = picturesWithin(snapshot.pictures_allowed) !== "none";
  /** @type {Map<string, Picture>} */
  const fresh = new Map(wanted ? snapshot.pictures.map((picture) => [picture.source, picture]) : []);
  const enlarged = snapshot.sources.find(({ source }) => source === shown());
  const isWall = !enlarged && snapshot.sources.length > 0;
  [wall.root.hidden, view.root.hidden] = [!isWall, !enlarged];
  if (enlarged) view.show(enlarged, fresh.get(enlarged.source), snapshot, { wanted, isOnly: only !== null });
  else if (isWall) wall.show(snapshot, fresh, wanted);
  strip.show(snapshot);
  showHealth(snapshot);
  showEmpty(snapshot);
}

/** Shows another source, or all, at once: with what is known. */
async function turn() {
  if (!newest) return;
  const snapshot = { ...newest, pictures: [] };
  await prepare(snapshot);
  draw(snapshot);
  discard(snapshot);
}

/** @param {Snapshot} snapshot */
function discard({ pictures: drawn }) {
  for (const { image } of drawn) image?.close();
}

/** @param {Snapshot} snapshot */
function showEmpty({ sources, waiting }) {
  const lost = focus() !== null && sources.length > 0 && !sources.some(({ source }) => source === focus());
  element("empty").hidden = sources.length > 0 && !lost;
  tell(element("empty-title"), lost ? `There is no source “${focus()}”` : "Waiting for a source");
  tell(element("empty-words"), lost ? "It may have been closed." : waiting);
  element("to-all").hidden = !lost;
  if (lost) wall.root.hidden = true;
}

/**
 * @param {"live" | "lost" | "refused"} state
 * @param {string} words
 */
function say(state, words) {
  const pill = element("connection");
  tell(pill, state === "refused" ? "refused" : words);
  pill.dataset.state = state === "live" ? "live" : "lost";
  document.body.classList.toggle("lost", state !== "live");
  tell(element("refused"), state === "refused" ? words : "");
}

const connection = new Connection({ focus, prepare, draw, discard, say });

onChange(() => {
  if (settings.pictures !== pictures) {
    last.clear();
    wall.clear(); // at once, not with the next picture
    view.clear();
  }
  if (settings.theme !== theme) strip.recolour();
  [pictures, theme] = [settings.pictures, settings.theme];
  connection.ask();
});
addEventListener("hashchange", async () => {
  connection.ask();
  await turn();
  if (focus()) element("back").focus();
  else if (view.source) wall.focus(view.source);
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && focus() && !document.querySelector(":popover-open")) location.hash = "";
});
for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('.skip, .notice a'))) {
  link.addEventListener("click", (event) => {
    event.preventDefault(); // which keeps the source in the address
    const place = element(link.hash.slice(1));
    place.focus({ preventScroll: true });
    place.scrollIntoView();
  });
}
if (location.search) history.replaceState(null, "", location.pathname + location.hash); // keeps a token out of sight
