// What is being recorded of live sources, and what has been.

import { ask, sending } from "./requests.js";
import { element, tell } from "./dom.js";
import { button, link, List } from "./lists.js";
import { clock, counted, size } from "./quantities.js";
import { duration } from "./words.js";

/** @import { Running } from "./record.js" */
/** @typedef {{folder: string, source: string, started: string, seconds: number, frames: number, faces: number, tracks: number, warnings: string[] | null, files: {name: string, bytes: number}[]}} Finished */
/** @typedef {{folder: string, missing: string | null, running: Running[], failed: string[], finished: Finished[]}} Recorded */

const FIRST = ["report.html", "faces.parquet", "frames.parquet", "tracks.csv", "run.json"];

/**
 * The place of a file among those of its recording: the report first.
 * @param {string} name
 */
export const rank = (name) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

export class Recordings {
  constructor() {
    this.running = new List(element("recording"));
    this.finished = new List(element("recorded"));
  }

  /** @param {Recorded} said */
  show({ folder, missing, running, failed, finished }) {
    const where = `Press Record on a source’s tile; its tables go to ${folder} on the machine that runs affectstream, and stay there. No pictures are recorded.`;
    tell(element("recorded-words"), missing ? `To record, install the recorder: ${missing.replace(/^.*?: /, "")}.` : where);
    tell(element("recorded-trouble"), failed.join("\n"));
    this.running.show(running.map(runningItem));
    this.finished.show(finished.map(finishedItem));
  }
}

/** @param {Running} one */
function runningItem({ source, seconds, finishing }) {
  return {
    key: source,
    name: source,
    facts: finishing ? "tables are being made" : `being recorded for ${duration(seconds)}`,
    toolsKey: `${finishing}`,
    tools: () => (finishing ? [] : [button("Stop", () => stop(source))]),
  };
}

/** @param {string} source */
async function stop(source) {
  await ask(`/api/sources/${source}/recording`, sending("DELETE")).catch((error) => tell(element("recorded-trouble"), error.message));
  dispatchEvent(new Event("refresh"));
}

/** @param {Finished} one */
function finishedItem({ folder, source, started, seconds, frames, tracks, warnings, files }) {
  const when = started ? new Date(started).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }) : "";
  const people = tracks === null ? "" : ` · ${counted(tracks, "person", "people")}`;
  return {
    key: folder,
    name: source ?? folder,
    facts: [when, clock(seconds ?? 0), counted(frames ?? 0, "frame")].filter(Boolean).join(" · ") + people + (warnings?.length ? ` · ${warnings.join(", ")}` : ""),
    toolsKey: "files",
    tools: () => files.toSorted((a, b) => rank(a.name) - rank(b.name)).map(({ name, bytes }) => fileLink(`/api/recordings/${folder}/${name}`, name, bytes)),
  };
}

/**
 * @param {string} href
 * @param {string} name
 * @param {number} [bytes]
 */
export function fileLink(href, name, bytes) {
  const made = link(name, href);
  made.download = "";
  if (bytes !== undefined) made.title = size(bytes);
  return made;
}
