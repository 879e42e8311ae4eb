// The page of the visitor's own camera: asks for it, streams it, and draws the results over the live picture.

import { element, find, make, mark, tell } from "./dom.js";
import { Faces } from "./faces.js";
import { Feed } from "./feed.js";
import { drawOverlay } from "./overlay.js";
import { change, settings } from "./settings.js";
import { ENDED, missingFor, troubleOf } from "./trouble.js";

/** @import { Smoothed } from "./types.js" */
/** @import { Answer, Condition, Welcome } from "./feed.js" */
/** @import { Trouble } from "./trouble.js" */

const STALE_MS = 1500; // an older result is taken away from the picture
const RATE_MS = 1000;
const CUT_MS = 2000; // between two looks for thumbnails

const video = /** @type {HTMLVideoElement} */ (element("video"));
const canvas = /** @type {HTMLCanvasElement} */ (element("overlay"));
const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
const choice = /** @type {HTMLSelectElement} */ (element("choice"));
const nameInput = /** @type {HTMLInputElement} */ (element("name"));
const mirror = /** @type {HTMLInputElement} */ (element("mirror"));
const drawn = /** @type {HTMLInputElement} */ (element("drawn"));
const faces = new Faces();

/** @type {Feed | null} */
let feed = null;
/** @type {Welcome | null} */
let welcome = null;
/** @type {Answer | null} */
let newest = null;
let newestAt = -Infinity;
let cutAt = -Infinity;
let paused = false;
/** @type {number[]} */
let lags = [];

async function begin() {
  show("asking");
  const { isSecureContext: isSecure, navigator } = window;
  const missing = missingFor({ isSecure, hasCameras: Boolean(navigator.mediaDevices), host: location.hostname, port: location.port });
  if (missing) return fail(missing);
  feed?.close();
  feed = null;
  stopStream();
  try {
    const wanted = choice.value ? { deviceId: { exact: choice.value } } : { facingMode: "user" };
    video.srcObject = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { ...wanted, width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    await video.play();
  } catch (error) {
    return fail(troubleOf(error));
  }
  for (const track of stream()?.getTracks() ?? []) {
    track.onended = () => fail(ENDED.ended);
    track.onmute = () => say("error", "The camera gives no picture. It may be covered or switched off.");
    track.onunmute = () => say("ok", "");
  }
  await listCameras();
  return connect();
}

function connect() {
  show("opening");
  feed?.close();
  feed = new Feed(video, nameInput.value.trim(), { begun, answer, condition: tellCondition, ended });
}

/** @param {Welcome} said */
function begun(said) {
  welcome = said;
  [newest, lags, paused] = [null, [], false];
  faces.clear();
  tell(element("source"), said.source);
  /** @type {HTMLAnchorElement} */ (element("on-wall")).href = `/#${said.source}`;
  show("running");
  if (document.activeElement === document.body) element("main").focus({ preventScroll: true }); // its button is gone
}

/** @param {Answer} said */
function answer(said) {
  newest = said;
  newestAt = performance.now();
  lags.push(said.lagMs);
  draw();
  if (!welcome) return;
  faces.show(said.result, { ...welcome, words: wordsOf(said.result) });
  cutFaces(said);
}

/** @param {Answer} said */
async function cutFaces({ jpeg, result }) {
  if (performance.now() - cutAt < CUT_MS) return;
  cutAt = performance.now();
  const source = await createImageBitmap(jpeg).catch(() => null);
  if (!source) return;
  const { width, height } = source;
  faces.cut({ source, width, height, isWhole: true, close: () => source.close() }, result);
  source.close();
}

/** @param {Smoothed} result */
function wordsOf(result) {
  return result.faces.length ? "Perhaps a face, not yet confirmed." : "No face in sight.";
}

function draw() {
  const { videoWidth: width, videoHeight: height, clientWidth } = video;
  if (!width) return;
  const scale = Math.min(devicePixelRatio, 2) * (clientWidth / width);
  const size = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  else pen.clearRect(0, 0, canvas.width, canvas.height);
  find(document, ".picture").style.setProperty("--shape", `${width} / ${height}`);
  if (!newest || !drawn.checked || !welcome || performance.now() - newestAt > STALE_MS) return;
  const { confident, emotions } = welcome;
  const pixel = Math.min(devicePixelRatio, 2);
  drawOverlay(pen, newest.result, { width: canvas.width, height: canvas.height, confident, emotions, drawn: settings.drawn, pixel, mirrored: mirror.checked });
}

/** @param {Condition} condition */
function tellCondition(condition) {
  if (condition) say(condition.level, condition.words);
}

/**
 * @param {string} level
 * @param {string} words
 */
function say(level, words) {
  mark(element("condition"), "level", level);
  tell(element("condition"), level === "error" || level === "warning" ? words : "");
}

/** @param {string | null} words */
function ended(words) {
  feed = null;
  if (document.hidden && stream()) {
    paused = true; // a hidden page is given no frames
    return;
  }
  stopStream();
  fail(words === null ? ENDED.lost : { title: "The dashboard has ended it", what: words });
}

function stop() {
  feed?.close();
  feed = null;
  stopStream();
  show("before");
}

/** @param {Trouble} trouble */
function fail({ title, what }) {
  feed?.close();
  feed = null;
  stopStream();
  tell(element("trouble-title"), title);
  tell(element("trouble-words"), what);
  show("trouble");
}

const stream = () => /** @type {MediaStream | null} */ (video.srcObject);

function stopStream() {
  for (const track of stream()?.getTracks() ?? []) {
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
  }
  video.srcObject = null;
}

/** @param {"before" | "asking" | "opening" | "running" | "trouble"} state */
function show(state) {
  document.body.dataset.camera = state;
  const isOn = state === "opening" || state === "running";
  element("before").hidden = isOn;
  element("running").hidden = !isOn;
  element("trouble").hidden = state !== "trouble";
  const press = /** @type {HTMLButtonElement} */ (element("begin"));
  press.disabled = state === "asking";
  press.textContent = state === "asking" ? "Asking the browser …" : state === "trouble" ? "Try again" : "Use this camera";
  tell(element("over"), state === "opening" ? "Waiting for the pipeline." : "");
  if (state !== "running") say("ok", "");
  const pill = element("connection");
  pill.dataset.state = state === "running" ? "live" : state === "trouble" ? "lost" : "";
  tell(pill, { before: "camera off", asking: "asking", opening: "connecting", running: "live", trouble: "camera off" }[state]);
}

// Their names are known only once one of them has been allowed.
async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  const cameras = devices.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
  const current = stream()?.getVideoTracks()[0]?.getSettings().deviceId ?? choice.value;
  choice.replaceChildren(
    ...cameras.map(({ deviceId, label }, i) => {
      const option = /** @type {HTMLOptionElement} */ (make("option", "", label || `Camera ${i + 1}`));
      option.value = deviceId;
      option.selected = deviceId === current;
      return option;
    }),
  );
  element("choices").hidden = cameras.length < 2;
}

setInterval(() => {
  if (!feed || !welcome) return;
  const middle = lags.sort((a, b) => a - b)[lags.length >> 1];
  const rate = `${((lags.length * 1000) / RATE_MS).toFixed(0)} results/s`;
  tell(element("rates"), lags.length ? `${rate}, ${Math.round(middle)} ms behind the camera` : "no result in the last second");
  lags = [];
  draw();
}, RATE_MS);

element("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  begin();
});
element("stop").addEventListener("click", () => {
  stop();
  element("begin").focus(); // the button that had it is gone
});
choice.addEventListener("change", () => stream() && begin());
for (const box of [mirror, drawn]) {
  box.addEventListener("change", () => {
    video.classList.toggle("mirrored", mirror.checked);
    draw();
  });
}
nameInput.addEventListener("change", () => change({ cameraName: nameInput.value }));
nameInput.value = settings.cameraName;
navigator.mediaDevices?.addEventListener?.("devicechange", listCameras);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && paused && stream()) connect();
});
addEventListener("pagehide", stop);
if (location.search) history.replaceState(null, "", location.pathname); // keeps a token out of sight
element("machine").textContent = location.hostname;
listCameras();
show("before");
