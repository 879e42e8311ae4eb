// One source: its newest picture with that frame's boxes, and the cards of its faces.

import { Faces, colourOf, wordsFor } from "./faces.js";

export class Source {
  constructor(name, parent) {
    const copy = document.getElementById("source-template").content.cloneNode(true);
    this.root = copy.firstElementChild;
    this.find = (selector) => this.root.querySelector(selector);
    this.find("h2").textContent = name;
    this.canvas = this.find(".picture canvas");
    this.canvas.setAttribute("aria-label", `${name}: no picture yet`);
    this.name = name;
    this.faces = new Faces(this.find(".faces"));
    this.pictured = null;
    this.describedAt = -Infinity;
    const after = [...parent.children].find((other) => other.querySelector("h2").textContent > name);
    parent.insertBefore(this.root, after ?? null);
  }

  remove() {
    this.root.remove();
  }

  show(view, picture, snapshot) {
    this.showStatus(view);
    if (picture?.image && this.isWorthShowing(picture.result)) {
      this.pictured = picture.result;
      this.paint(picture, snapshot.confident);
    }
    picture?.image?.close();
    const result = picture?.result ?? (this.isPictured(view.smoothed) ? null : view.smoothed);
    if (result?.size) this.faces.show(result, snapshot.emotions, snapshot.confident);
  }

  // A frame that was given up has no boxes: shown only if there has been no other for a second.
  isWorthShowing(result) {
    return result.size || !this.pictured || result.epoch !== this.pictured.epoch || result.pts - this.pictured.pts > 1;
  }

  // The cards follow the picture's result, or the newest one if there are no previews.
  isPictured(result) {
    return this.pictured && result && result.epoch === this.pictured.epoch && result.pts - this.pictured.pts < 2;
  }

  showStatus({ source, status, silent, results_per_s: rate, condition }) {
    const state = silent ? "silent" : status.state;
    this.find(".badge").textContent = state === "running" ? (status.live ? "live" : "replay") : state;
    this.find(".badge").dataset.state = state;
    this.find(".spec").textContent = status && status.spec !== source ? status.spec : "";
    this.find(".rates").textContent = status
      ? `${rate.toFixed(1)} of ${status.fps.toFixed(1)} frames/s · ${status.unfinished} of ${status.window} in flight`
      : "";
    const over = this.over(state, condition);
    this.tell(this.find(".over"), over);
    this.tell(this.find(".condition"), over ? "" : condition.words);
    this.find(".condition").dataset.level = condition.level;
    this.root.classList.toggle("stale", condition.level === "error" || state === "reconnecting");
  }

  // The text over a frozen or absent picture.
  over(state, { level, words }) {
    if (level === "error" || state === "reconnecting" || state === "opening") return words;
    return this.pictured ? "" : words || "Waiting for the first picture.";
  }

  tell(element, words) {
    if (element.textContent !== words) element.textContent = words;
    element.hidden = !words;
  }

  paint({ image, result }, confident) {
    const { canvas } = this;
    if (canvas.width !== image.width || canvas.height !== image.height) {
      [canvas.width, canvas.height] = [image.width, image.height];
    }
    const pen = canvas.getContext("2d", { alpha: false });
    pen.drawImage(image, 0, 0);
    if (!result.size) return;
    const scale = image.width / result.size[0];
    const { clientWidth, clientHeight } = canvas; // tall pictures are narrower than their canvas
    const pixel = Math.max(canvas.width / (clientWidth || canvas.width), canvas.height / (clientHeight || canvas.height));
    for (const face of result.faces) drawBox(pen, face, scale, pixel, face.track_id === null || face.confidence < confident);
    this.describe(result);
  }

  describe({ faces, seq }) {
    if (performance.now() - this.describedAt < 1000) return; // screen readers cannot follow every frame
    this.describedAt = performance.now();
    const people = faces.filter((face) => face.track_id !== null);
    const words = people.map((face) => `face ${face.track_id} ${wordsFor(face) || "not yet classified"}`);
    this.canvas.setAttribute("aria-label", `${this.name}, frame ${seq}: ${words.join(", ") || "no face"}`);
  }
}

function drawBox(pen, face, scale, pixel, thin) {
  const corners = face.xyxy.map((value) => value * scale);
  const [x1, y1, x2, y2] = corners;
  pen.strokeStyle = thin ? "rgb(255 255 255 / 0.6)" : colourOf(face.track_id);
  pen.lineWidth = (thin ? 1 : 2.5) * pixel;
  pen.setLineDash(thin ? [4 * pixel, 4 * pixel] : []);
  pen.beginPath();
  pen.roundRect(x1, y1, x2 - x1, y2 - y1, 6 * pixel);
  pen.stroke();
  if (face.track_id !== null) drawCaption(pen, face, corners, pixel);
}

function drawCaption(pen, face, [x, top, right, bottom], pixel) {
  pen.font = `600 ${13 * pixel}px system-ui, sans-serif`;
  const height = 22 * pixel;
  const whole = `${face.track_id} ${face.label ?? face.reason ?? ""}`.trim();
  const text = pen.measureText(whole).width < 1.3 * (right - x) ? whole : `${face.track_id}`;
  const width = pen.measureText(text).width + 14 * pixel;
  const left = Math.max(0, Math.min(x, pen.canvas.width - width));
  const y = top - height - 4 * pixel >= 0 ? top - height - 4 * pixel : Math.min(bottom + 4 * pixel, pen.canvas.height - height);
  pen.fillStyle = colourOf(face.track_id);
  pen.beginPath();
  pen.roundRect(left, y, width, height, 5 * pixel);
  pen.fill();
  pen.fillStyle = "#0b0e13";
  pen.textBaseline = "middle";
  pen.fillText(text, left + 7 * pixel, y + height / 2 + pixel / 2);
}
