// The table of processes: their states, latencies and counters.

import { arrange, find, make, mark, tell } from "./dom.js";
import { short } from "./words.js";

/** @import { ProcessView } from "./types.js" */

const COLUMNS = ["process", "state", "in", "out", "skipped", "p50", "p95", "memory", "more"];
const MAIN = ["in", "out", "skipped"];

/** @type {Map<string, HTMLElement>} */
let rows = new Map();

/**
 * Fills `root` with a table: a row per process, along the pipeline.
 * @param {HTMLElement} root
 * @param {ProcessView[]} processes
 */
export function showProcesses(root, processes) {
  const body = root.querySelector("tbody") ?? begin(root);
  /** @type {Map<string, HTMLElement>} */
  const present = new Map();
  for (const process of processes) {
    const row = rows.get(process.process) ?? emptyRow();
    present.set(process.process, row);
    fill(row, process);
  }
  rows = present;
  arrange(body, [...rows.values()]);
}

/** @param {HTMLElement} root */
function begin(root) {
  const [table, head, top, body] = [make("table"), make("tr"), make("thead"), make("tbody")];
  head.append(
    ...COLUMNS.map((name) => {
      const cell = make("th", "", name);
      cell.setAttribute("scope", "col");
      return cell;
    }),
  );
  top.append(head);
  table.append(make("caption", "unseen", "Processes"), top, body);
  root.replaceChildren(table);
  return body;
}

function emptyRow() {
  const row = make("tr", "process");
  const name = make("th", "process-name");
  name.setAttribute("scope", "row");
  name.append(make("b"), make("small", "detail"), make("small", "error"));
  row.append(name, ...COLUMNS.slice(1).map((column) => make("td", column)));
  find(row, ".state").append(make("span", "words"));
  return row;
}

/**
 * @param {HTMLElement} row
 * @param {ProcessView} process
 */
function fill(row, process) {
  const { counters, latency_ms: latency, memory_mb: memory } = process;
  const silent = process.silent && process.state !== "failed";
  const state = silent ? "silent" : process.state;
  const busy = process.busy_s > 1 ? `busy for ${Math.round(process.busy_s)} s` : process.state;
  mark(row, "state", state);
  row.title = process.process;
  tell(find(row, "b"), process.name);
  tell(find(row, ".detail"), process.detail);
  tell(find(row, ".error"), process.error ?? "");
  tell(find(row, ".words"), silent ? `silent for ${Math.floor(process.heard_s_ago)} s` : busy);
  mark(find(row, ".words"), "level", state === "ready" ? "ok" : silent || state === "failed" ? "error" : "warning");
  for (const name of MAIN) set(row, name, name in counters ? counters[name].toLocaleString("en") : "");
  set(row, "p50", latency ? `${short(latency.p50)} ms` : "");
  set(row, "p95", latency ? `${short(latency.p95)} ms` : "");
  set(row, "memory", memory ? `${Math.round(memory)} MB` : "");
  const others = Object.keys(counters).filter((name) => !MAIN.includes(name) && counters[name] > 0).sort();
  set(row, "more", others.map((name) => `${name.replaceAll("_", " ")} ${counters[name].toLocaleString("en")}`).join(", "));
}

/**
 * @param {HTMLElement} row
 * @param {string} column
 * @param {string} text
 */
function set(row, column, text) {
  const cell = find(row, `.${column}`);
  if (cell.textContent !== text) cell.textContent = text;
}
