// Sends a file to the dashboard, one at a time, with its progress.

import { wordsOf } from "./requests.js";
import { element, tell } from "./dom.js";
import { size } from "./quantities.js";

/** @typedef {import("./uploads.js").Upload} Upload */

/** The place where files are dropped or chosen. */
export class Sending {
  /** @type {File[]} */
  #queue = [];
  /** @type {XMLHttpRequest | null} */
  #request = null;
  /** @type {string[]} */
  #troubles = [];
  /** The most that is accepted, in bytes. */
  limit = Infinity;

  /** @param {(upload: Upload) => void} sent - told of each file that has arrived. */
  constructor(sent) {
    this.sent = sent;
    const file = /** @type {HTMLInputElement} */ (element("file"));
    element("choose").addEventListener("click", () => file.click());
    file.addEventListener("change", () => {
      this.add(file.files ?? []);
      file.value = "";
    });
    element("cancel").addEventListener("click", () => this.#request?.abort());
    const drop = element("drop");
    for (const name of ["dragenter", "dragover"]) {
      addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    addEventListener("dragleave", (event) => !event.relatedTarget && drop.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault(); // the browser would leave the page
      drop.classList.remove("over");
      this.add(event.dataTransfer?.files ?? []);
    });
  }

  /** @param {Iterable<File>} files */
  add(files) {
    this.#queue.push(...files);
    if (this.#request) return;
    this.#troubles = [];
    this.#next();
  }

  #next() {
    const file = this.#queue.shift();
    element("sending").hidden = !file;
    if (!file) return;
    tell(element("upload-trouble"), this.#troubles.join("\n"));
    if (file.size > this.limit) this.#end(`${file.name} has ${size(file.size)}; the limit is ${size(this.limit)}.`);
    else if (!file.size) this.#end(`${file.name} is empty, or no file.`);
    else this.#send(file);
  }

  /** @param {File} file */
  #send(file) {
    const request = new XMLHttpRequest(); // fetch does not tell how much has been sent
    this.#request = request;
    element("sending-name").textContent = file.name;
    this.#progress(0, file.size);
    request.upload.onprogress = ({ loaded }) => this.#progress(loaded, file.size);
    request.onload = () => {
      if (request.status === 201) this.sent(JSON.parse(request.responseText));
      this.#end(request.status === 201 ? "" : `${file.name}: ${wordsOf(request.responseText) || `refused (${request.status})`}`);
    };
    request.onerror = () => this.#end(`${file.name}: the connection to the dashboard was lost.`);
    request.onabort = () => this.#end("");
    request.open("POST", "/api/uploads");
    request.setRequestHeader("X-Filename", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(file);
  }

  /**
   * @param {number} sent
   * @param {number} whole
   */
  #progress(sent, whole) {
    /** @type {HTMLProgressElement} */ (element("sending-bar")).value = sent / whole;
    tell(element("sending-words"), sent < whole ? `${size(sent)} of ${size(whole)}` : "arrived, being looked at");
  }

  /** @param {string} trouble */
  #end(trouble) {
    this.#request = null;
    if (trouble) this.#troubles.push(trouble);
    tell(element("upload-trouble"), this.#troubles.join("\n"));
    this.#next();
  }
}
