// Why a camera cannot be used, and what to do about it, in words. Pure.

/** @typedef {{title: string, what: string}} Trouble */

/** @type {Record<string, Trouble>} */
const TROUBLES = {
  NotAllowedError: {
    title: "The camera was not allowed",
    what: "Allow it in the site settings, at the lock or camera symbol beside the address, and try again. If the browser did not ask, the operating system may not let it use the camera: see its privacy settings.",
  },
  NotFoundError: {
    title: "There is no camera",
    what: "None is connected to this device, or it is switched off. Connect one and try again, or open a recording.",
  },
  NotReadableError: {
    title: "The camera is in use",
    what: "Another program or tab has it, or it does not start. Close that one and try again; if nothing has it, unplug the camera and plug it in again.",
  },
  OverconstrainedError: {
    title: "The chosen camera is gone",
    what: "It was unplugged or given to another program. Choose another one and try again.",
  },
  SecurityError: {
    title: "The browser forbids cameras here",
    what: "Its settings, or those of whoever administers it, forbid cameras on this page.",
  },
};

/**
 * What the browser's refusal of a camera means.
 * @param {unknown} error - of getUserMedia.
 * @returns {Trouble}
 */
export function troubleOf(error) {
  const name = error instanceof DOMException ? error.name : "";
  const same = { AbortError: "NotReadableError", TrackStartError: "NotReadableError", DevicesNotFoundError: "NotFoundError" };
  const known = TROUBLES[same[/** @type {keyof typeof same} */ (name)] ?? name];
  return known ?? { title: "The camera cannot be used", what: `The browser says: ${error instanceof Error ? error.message || error.name : error}` };
}

/**
 * What is missing before the browser can even be asked; null if nothing is.
 * @param {{isSecure: boolean, hasCameras: boolean, host: string, port: string}} page
 * @returns {Trouble | null}
 */
export function missingFor({ isSecure, hasCameras, host, port }) {
  if (!isSecure) {
    const address = `https://${host}${port ? `:${port}` : ""}/camera`;
    return {
      title: "This page did not come over HTTPS",
      what: `Browsers give cameras only to pages that come over HTTPS, or from the machine itself (http://127.0.0.1). Start the dashboard with AFFECT_DASHBOARD_HTTPS=1, then open ${address}; the browser warns once, as the certificate is the dashboard’s own.`,
    };
  }
  return hasCameras ? null : { title: "This browser has no cameras", what: "It is too old, or its settings forbid them. Any recent Chrome, Edge, Firefox or Safari will do." };
}

/** @type {Readonly<Record<"ended" | "lost", Trouble>>} */
export const ENDED = Object.freeze({
  ended: { title: "The camera has stopped", what: "It was unplugged, taken by another program, or its permission was withdrawn." },
  lost: { title: "The connection to the dashboard is lost", what: "It was stopped, or the network is down." },
});
