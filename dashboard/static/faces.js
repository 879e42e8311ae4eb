// The cards of a source's faces: one per track, ordered by id.

const OUT_OF_SIGHT_S = 2; // a card stays this long, so that a turned head does not move its neighbours
const UNCLASSIFIED_S = 2; // older probabilities are marked, at low frame rates those older than ten frames
const HISTORY_PX_PER_S = 10;

const TRACK_COLOURS = ["#5ad1c8", "#ffb86b", "#b79cff", "#8fd16a", "#ff8fa3", "#7fb8ff", "#f2d45c", "#d9a6e8"];
const EMOTION_COLOURS = {
  angry: "#f0716a",
  disgust: "#9bcf5b",
  fear: "#b794f6",
  happy: "#ffd166",
  neutral: "#a9b6c3",
  sad: "#6fb1ff",
  surprise: "#ff9f5a",
};

export const colourOf = (track) => TRACK_COLOURS[(track - 1) % TRACK_COLOURS.length];
export const wordsFor = (face) => face.label ?? (face.reason ? `cannot be read: ${face.reason}` : "");
export const percent = (share) => `${Math.round(share * 100)} %`;

export class Faces {
  constructor(root) {
    this.root = root;
    this.cards = new Map();
    this.epoch = null;
  }

  show(result, emotions, confident) {
    if (result.epoch !== this.epoch) this.clear();
    this.epoch = result.epoch;
    const seen = result.faces.filter((face) => face.track_id !== null);
    for (const face of seen) {
      if (!this.cards.has(face.track_id)) this.add(face.track_id, emotions);
      this.cards.get(face.track_id).show(face, result.pts, face.confidence < confident);
    }
    const ids = new Set(seen.map((face) => face.track_id));
    for (const [id, card] of this.cards) {
      const away = ids.has(id) ? 0 : result.pts - card.pts;
      if (away > OUT_OF_SIGHT_S) this.remove(id);
      else card.root.classList.toggle("away", away > 0);
    }
    const nobody = this.root.querySelector(".nobody");
    nobody.hidden = this.cards.size > 0 && !result.left_out;
    const few = result.faces.length ? "Perhaps a face, not yet confirmed." : "No face in sight.";
    const words = result.left_out ? `${result.left_out} more faces in sight are not followed (AFFECT_MAX_FACES).` : few;
    if (nobody.textContent !== words) nobody.textContent = words;
  }

  add(id, emotions) {
    const card = new Card(id, emotions);
    const after = [...this.cards.keys()].sort((a, b) => a - b).find((other) => other > id);
    this.root.insertBefore(card.root, after ? this.cards.get(after).root : null);
    this.cards.set(id, card);
  }

  remove(id) {
    this.cards.get(id).root.remove();
    this.cards.delete(id);
  }

  clear() {
    for (const id of [...this.cards.keys()]) this.remove(id);
  }
}

// The distribution nearest to `probs` in which none is above the chosen one: those that lead it share with it.
export function inFavour(probs, chosen) {
  let [sum, sharing] = [probs[chosen], 1];
  for (const other of probs.filter((_, i) => i !== chosen).sort((a, b) => b - a)) {
    if (other * sharing <= sum) break;
    sum += other;
    sharing += 1;
  }
  return probs.map((share, i) => (i === chosen ? sum / sharing : Math.min(share, sum / sharing)));
}

class Card {
  constructor(id, emotions) {
    this.root = document.getElementById("face-template").content.cloneNode(true).firstElementChild;
    this.root.dataset.track = id;
    this.root.style.setProperty("--track", colourOf(id));
    this.root.querySelector("h3").textContent = `face ${id}`;
    this.emotions = emotions;
    this.bars = emotions.map((emotion) => new Bar(emotion, this.root.querySelector(".bars")));
    this.history = this.root.querySelector(".history").getContext("2d");
    this.pts = null;
    this.shown = null;
    this.drawnPx = 0;
  }

  show(face, pts, faint) {
    const dt = this.pts === null ? 0 : Math.max(0, pts - this.pts);
    this.pts = pts;
    this.root.classList.toggle("faint", faint);
    if (face.probs) this.showRaw(face.probs);
    if (!face.smoothed) return;
    const age = pts - face.classified_pts;
    const old = age > Math.max(UNCLASSIFIED_S, 10 * dt);
    this.root.classList.toggle("old", old);
    if (old) this.root.querySelector(".raw").textContent = `last classified ${Math.round(age)} s ago`;
    this.shown = face.label ? inFavour(face.smoothed, this.emotions.indexOf(face.label)) : face.smoothed;
    this.root.querySelector(".label").textContent = wordsFor(face);
    this.root.classList.toggle("unread", Boolean(face.reason));
    this.bars.forEach((bar, i) => bar.show(this.shown[i], this.emotions[i] === face.label));
    this.extend(dt, old);
  }

  showRaw(probs) {
    const most = Math.max(...probs);
    this.root.querySelector(".raw").textContent = `raw ${this.emotions[probs.indexOf(most)]} ${percent(most)}`;
    this.bars.forEach((bar, i) => bar.mark(probs[i]));
  }

  // Scrolls the ribbon of the last half minute and draws only the new columns; empty where nothing was classified.
  extend(dt, empty) {
    const { canvas } = this.history;
    this.drawnPx += dt * HISTORY_PX_PER_S;
    const columns = Math.min(canvas.width, Math.floor(this.drawnPx));
    if (columns < 1) return;
    this.drawnPx -= Math.floor(this.drawnPx);
    this.history.globalCompositeOperation = "copy";
    this.history.drawImage(canvas, -columns, 0);
    this.history.globalCompositeOperation = "source-over";
    if (empty) return;
    let y = 0;
    this.shown.forEach((share, i) => {
      this.history.fillStyle = EMOTION_COLOURS[this.emotions[i]];
      this.history.fillRect(canvas.width - columns, y, columns, share * canvas.height);
      y += share * canvas.height;
    });
  }
}

class Bar {
  constructor(emotion, parent) {
    this.root = document.getElementById("bar-template").content.cloneNode(true).firstElementChild;
    this.root.setAttribute("aria-label", emotion);
    this.root.style.setProperty("--emotion", EMOTION_COLOURS[emotion]);
    this.root.querySelector(".word").textContent = emotion;
    [this.fill, this.tick, this.text] = [".fill", ".tick", ".percent"].map((part) => this.root.querySelector(part));
    parent.append(this.root);
  }

  show(share, most) {
    this.fill.style.transform = `scaleX(${share.toFixed(3)})`;
    this.root.classList.toggle("most", most);
    const text = percent(share);
    if (this.text.textContent === text) return;
    this.text.textContent = text;
    this.root.setAttribute("aria-valuenow", Math.round(share * 100));
    this.root.removeAttribute("aria-valuetext");
  }

  mark(share) {
    this.tick.hidden = false;
    this.tick.style.left = `${(share * 100).toFixed(1)}%`;
  }
}
