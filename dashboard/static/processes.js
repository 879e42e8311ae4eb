// The list of processes: their states, latencies and counters.

const MAIN = ["in", "out", "skipped"];
const items = new Map();

export function showProcesses(list, processes) {
  const listed = new Set(processes.map((process) => process.process));
  for (const [key, item] of items) {
    if (listed.has(key)) continue;
    item.remove();
    items.delete(key);
  }
  processes.forEach((process, index) => {
    if (!items.has(process.process)) {
      items.set(process.process, document.getElementById("process-template").content.cloneNode(true).firstElementChild);
    }
    const item = items.get(process.process);
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    fill(item, process);
  });
}

function fill(item, process) {
  const set = (selector, text) => {
    const part = item.querySelector(selector);
    if (part.textContent !== text) part.textContent = text;
  };
  const silent = process.silent && process.state !== "failed";
  item.dataset.state = silent ? "silent" : process.state;
  item.title = process.process;
  set("h3", process.name);
  const busy = process.busy_s > 1 ? `busy for ${Math.round(process.busy_s)} s` : process.state;
  set(".state", silent ? `silent for ${Math.floor(process.heard_s_ago)} s` : busy);
  set(".detail", process.detail);
  set(".error", process.error ?? "");
  item.querySelector(".error").hidden = !process.error;
  const facts = factsOf(process);
  const key = JSON.stringify(facts);
  if (item.dataset.facts === key) return;
  item.dataset.facts = key;
  item.querySelector("dl").replaceChildren(...facts.map(fact));
}

function factsOf({ counters, latency_ms: latency, memory_mb: memory }) {
  const count = (name) => [name, counters[name].toLocaleString("en")];
  const others = Object.keys(counters).filter((name) => !MAIN.includes(name) && counters[name] > 0).sort();
  return [
    ...(latency ? [["p50 / p95", `${short(latency.p50)} / ${short(latency.p95)} ms`]] : []),
    ...(memory ? [["memory", `${Math.round(memory)} MB`]] : []),
    ...MAIN.filter((name) => name in counters).map(count),
    ...others.map(count),
  ];
}

const short = (number) => number.toFixed(number < 100 ? 1 : 0);

function fact([name, value]) {
  const row = document.createElement("div");
  const term = document.createElement("dt");
  const description = document.createElement("dd");
  term.textContent = name.replaceAll("_", " ");
  description.textContent = value;
  row.append(term, description);
  return row;
}
