// Boxes, ids, labels and landmarks of one result, drawn over the picture of the same frame.

import { EMOTION_COLOURS, INK, trackColour } from "./colours.js";

/** @import { Drawn, Face, Smoothed } from "./types.js" */

/** @type {Drawn} */
const USUAL = { boxes: true, ids: true, labels: true, landmarks: false };
const THIN = "rgb(255 255 255 / 0.75)";
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";

/**
 * Draws the faces of a result, scaled from `result.size` to width × height; nothing where its faces are not known.
 *
 * @param {CanvasRenderingContext2D} pen
 * @param {Smoothed} result
 * @param {object} how
 * @param {number} how.width - of the picture on the canvas, in its pixels.
 * @param {number} how.height
 * @param {number} how.confident - faces detected with less confidence are drawn thin.
 * @param {string[]} [how.emotions] - in the order of the probabilities.
 * @param {Drawn} [how.drawn] - what to draw.
 * @param {number} [how.pixel] - the size of a line's pixel, in those of the canvas.
 * @param {boolean} [how.mirrored] - the picture is shown as in a mirror; text stays readable.
 */
export function drawOverlay(pen, result, how) {
  if (!result.size) return;
  const { width, height, confident, drawn = USUAL, pixel = 1, mirrored = false } = how;
  const [across, down] = [width / result.size[0], height / result.size[1]];
  /** @param {number} x */
  const column = (x) => (mirrored ? width - x * across : x * across);
  for (const face of result.faces) {
    const [x1, x2] = [column(face.xyxy[0]), column(face.xyxy[2])].sort((a, b) => a - b);
    const [y1, y2] = [face.xyxy[1] * down, face.xyxy[3] * down];
    const thin = face.track_id === null || face.confidence < confident;
    if (drawn.boxes) drawBox(pen, [x1, y1, x2, y2], thin ? THIN : colourOf(face), thin, pixel);
    if (drawn.landmarks) for (const [x, y] of face.landmarks) drawPoint(pen, column(x), y * down, colourOf(face), pixel);
    if (face.track_id !== null) drawCaption(pen, face, [x1, y1, x2, y2], { width, height, drawn, pixel });
  }
}

/** @param {Face} face */
const colourOf = (face) => (face.track_id === null ? THIN : trackColour(face.track_id));

/**
 * The line's middle is on the box's edge.
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} corners
 * @param {string} colour
 * @param {boolean} thin
 * @param {number} pixel
 */
function drawBox(pen, [x1, y1, x2, y2], colour, thin, pixel) {
  pen.beginPath();
  pen.roundRect(x1, y1, x2 - x1, y2 - y1, Math.min(5 * pixel, (x2 - x1) / 4));
  pen.setLineDash(thin ? [4 * pixel, 4 * pixel] : []);
  if (!thin) {
    pen.strokeStyle = "rgb(0 0 0 / 0.45)"; // apart from a bright picture
    pen.lineWidth = 4 * pixel;
    pen.stroke();
  }
  pen.strokeStyle = colour;
  pen.lineWidth = (thin ? 1.25 : 2) * pixel;
  pen.stroke();
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 * @param {number} pixel
 */
function drawPoint(pen, x, y, colour, pixel) {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x, y, 2 * pixel, 0, 2 * Math.PI);
  pen.fill();
}

/**
 * A face's id and label above its box, or below it where there is no room; the id alone on a small face.
 * @param {CanvasRenderingContext2D} pen
 * @param {Face} face
 * @param {number[]} corners
 * @param {{width: number, height: number, drawn: Drawn, pixel: number}} how
 */
function drawCaption(pen, face, [x, top, right, bottom], { width, height, drawn, pixel }) {
  const id = drawn.ids ? `${face.track_id}` : "";
  const label = drawn.labels ? (face.label ?? face.reason ?? "") : "";
  pen.font = `600 ${12 * pixel}px ${FONT}`;
  const whole = `${id} ${label}`.trim();
  const roomy = !id || pen.measureText(whole).width < 1.6 * (right - x);
  const text = roomy ? whole : id;
  if (!text) return;
  const chip = roomy && face.label && label ? 10 * pixel : 0; // a stripe of the label's colour
  const tall = 18 * pixel;
  const wide = pen.measureText(text).width + 10 * pixel + chip;
  const left = Math.max(0, Math.min(x - pixel, width - wide));
  const above = top - tall - 3 * pixel;
  const y = above >= 0 ? above : Math.min(bottom + 3 * pixel, height - tall);
  pen.fillStyle = colourOf(face);
  pen.beginPath();
  pen.roundRect(left, y, wide, tall, 4 * pixel);
  pen.fill();
  if (chip && face.label) drawChip(pen, EMOTION_COLOURS[face.label], left + wide - chip - 2 * pixel, y, pixel);
  pen.fillStyle = INK;
  pen.textBaseline = "middle";
  pen.fillText(text, left + 5 * pixel, y + tall / 2 + pixel / 2);
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} x
 * @param {number} y
 * @param {number} pixel
 */
function drawChip(pen, colour, x, y, pixel) {
  pen.fillStyle = INK;
  pen.fillRect(x, y + 4 * pixel, 8 * pixel, 10 * pixel);
  pen.fillStyle = colour;
  pen.fillRect(x + pixel, y + 5 * pixel, 6 * pixel, 8 * pixel);
}
