// The page of recordings: uploads, sources that were opened, recordings; and one upload looked at.

import { ask, LostError } from "./requests.js";
import { EMOTION_COLOURS } from "./colours.js";
import { element, make, mark, tell } from "./dom.js";
import { Opened } from "./opened.js";
import { Player } from "./player.js";
import { Recordings } from "./recorded.js";
import { Sending } from "./sending.js";
import { Uploads } from "./uploads.js";

/** @import { Uploaded } from "./uploads.js" */

const EVERY_MS = 1000;

const uploads = new Uploads();
const opened = new Opened();
const recordings = new Recordings();
const sending = new Sending(() => refresh());
/** @type {Player | null} */
let player = null;
/** @type {Uploaded | null} */
let newest = null;
let isAsking = false;

async function refresh() {
  if (isAsking || document.hidden) return;
  isAsking = true;
  try {
    const [sent, sources, recorded] = await Promise.all(["/api/uploads", "/api/sources", "/api/recordings"].map((path) => ask(path)));
    sending.limit = sent.most_mb * 2 ** 20;
    uploads.show(sent);
    opened.show(sources);
    recordings.show(recorded);
    newest = sent;
    look(sent);
    say("live", "connected");
  } catch (error) {
    say("lost", error instanceof LostError ? "connection lost, trying again" : /** @type {Error} */ (error).message);
  }
  isAsking = false;
}

/** @param {Uploaded} said */
function look({ uploads: all, films_shown: isShown, confident }) {
  const upload = all.find(({ id }) => id === location.hash.slice(1));
  element("look").hidden = !upload;
  element("lists").hidden = Boolean(upload);
  if (player && player.id !== upload?.id) {
    player.remove();
    player = null;
  }
  if (!upload) return;
  if (player) player.show(upload);
  else player = new Player(upload, { isShown, confident });
}

/**
 * @param {"live" | "lost"} state
 * @param {string} words
 */
function say(state, words) {
  mark(element("connection"), "state", state);
  tell(element("connection"), words);
}

element("legend").replaceChildren(
  ...Object.entries(EMOTION_COLOURS).map(([emotion, colour]) => {
    const item = make("li");
    const patch = make("i");
    patch.style.background = colour;
    item.append(patch, emotion);
    return item;
  }),
);
setInterval(refresh, EVERY_MS);
addEventListener("refresh", refresh);
addEventListener("hashchange", () => {
  if (newest) look(newest);
  refresh();
  scrollTo(0, 0);
});
document.addEventListener("visibilitychange", refresh);
if (location.search) history.replaceState(null, "", location.pathname + location.hash); // keeps a token out of sight
refresh();
