// What the server sends, in the terms of docs/protocol.md; read by `tsc` only.

export type Pictures = "shown" | "blurred" | "none";
export type Level = "ok" | "notice" | "warning" | "error";

export interface Face {
  track_id: number | null;
  xyxy: [number, number, number, number];
  confidence: number;
  landmarks: [number, number][];
  probs: number[] | null;
  smoothed: number[] | null;
  label: string | null;
  first_pts: number;
  classified_pts: number | null;
  reason?: string | null;
}

export interface Smoothed {
  source: string;
  epoch: number;
  seq: number;
  pts: number;
  size: [number, number] | null;
  faces: Face[];
  left_out?: number;
}

export interface SourceView {
  source: string;
  spec: string;
  capture: string | null;
  state: "opening" | "running" | "reconnecting" | "holding" | "ended" | "refused" | "silent";
  words: string;
  condition: { level: Level; words: string };
  live: boolean;
  added: boolean;
  fps: number;
  results_per_s: number;
  unfinished: number;
  window: number;
  age_ms: number | null;
  faces_words: string | null;
  result: Smoothed | null;
}

export interface StageView {
  stage: string;
  ready: number;
  total: number;
  level: Level;
  words: string;
  in_per_s: number;
  out_per_s: number;
  skipped_per_s: number;
  waiting: number | null;
  p50_ms: number | null;
  p95_ms: number | null;
  memory_mb: number;
}

export interface ProcessView {
  process: string;
  name: string;
  stage: string;
  state: string;
  detail: string;
  error: string | null;
  silent: boolean;
  heard_s_ago: number;
  busy_s: number;
  memory_mb: number;
  latency_ms: { p50: number; p95: number } | null;
  counters: Record<string, number>;
}

export interface Picture {
  source: string;
  bytes: number;
  result: Smoothed;
  age_ms: number;
  jpeg: Uint8Array<ArrayBuffer>;
  /** Null if it could not be decoded; undefined if it is not to be drawn. */
  image?: Decoded | null;
}

export interface Snapshot {
  emotions: string[];
  confident: number;
  pictures_allowed: Pictures;
  health: { status: "ok" | "warning" | "unavailable"; problems: string[]; warnings: string[] };
  waiting: string;
  sources: SourceView[];
  stages: StageView[];
  latency: { p50_ms: number | null; p95_ms: number | null };
  processes: ProcessView[];
  pictures: Picture[];
  /** By the page's own clock. */
  received_ms: number;
}

/** A picture ready to be drawn: its pixels, which `close` frees; `isWhole`: not scaled down. */
export interface Decoded {
  source: ImageBitmap | VideoFrame;
  width: number;
  height: number;
  isWhole: boolean;
  close: () => void;
}

/** What is drawn over a picture. */
export interface Drawn {
  boxes: boolean;
  ids: boolean;
  labels: boolean;
  landmarks: boolean;
}

export interface Settings {
  drawn: Drawn;
  pictures: Pictures;
  /** The display's own smoothing: weight of the past after 0.1 s. */
  smoothing: number;
  theme: "system" | "light" | "dark";
  /** What the visitor calls the camera of this device. */
  cameraName: string;
}

/** Of one face over time: `probs` where it was classified then, `smoothed` always. */
export interface Sample {
  pts: number;
  smoothed: number[];
}

export interface History {
  source: string;
  epoch: number;
  emotions: string[];
  tracks: { track_id: number; first_pts: number; last_pts: number; pts: number[]; smoothed: number[][]; probs: (number[] | null)[]; label: (string | null)[] }[];
}

declare global {
  interface Window {
    /** vendor/uPlot.iife.min.js */
    uPlot: typeof import("uplot");
  }
}
