// Colours of labels and people: those of reports and annotated films (recorder/colours.py).

/**
 * Apart in lightness too: any two differ by 0.096 or more in OKLab, also as seen without red, green or blue cones.
 * @type {Readonly<Record<string, string>>}
 */
export const EMOTION_COLOURS = Object.freeze({
  angry: "#c8252b",
  disgust: "#448a74",
  fear: "#7d4fc0",
  happy: "#f6d85d",
  neutral: "#9da5ab",
  sad: "#66b6fd",
  surprise: "#dd9238",
});

const TRACK_COLOURS = ["#5ad1c8", "#ffb86b", "#b79cff", "#8fd16a", "#ff8fa3", "#7fb8ff", "#f2d45c", "#d9a6e8"];

/** Text on any of these colours of people. */
export const INK = "#0f1317";

/**
 * A person's colour.
 * @param {number} id - a track's, from 1.
 */
export const trackColour = (id) => TRACK_COLOURS[(id - 1) % TRACK_COLOURS.length];
