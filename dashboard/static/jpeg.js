// Decodes JPEGs at about the size at which they are drawn.

/** @import { Decoded } from "./types.js" */

/**
 * A picture ready to be drawn; null if it cannot be decoded.
 *
 * Where the browser lets us (not over plain HTTP from another machine), the decoder itself scales, in steps of an
 * eighth, which takes a quarter of the time.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} share - of its width in pixels that is needed, from 0 to 1.
 * @param {[number, number] | null} natural - its whole size as far as known.
 * @returns {Promise<Decoded | null>}
 */
export async function decodeJpeg(bytes, share, natural) {
  const type = "image/jpeg";
  try {
    if (!("ImageDecoder" in window)) {
      const source = await createImageBitmap(new Blob([bytes], { type }));
      return { source, width: source.width, height: source.height, isWhole: true, close: () => source.close() };
    }
    const isWhole = !natural || share > 7 / 8;
    const eighths = Math.ceil(8 * share) / 8;
    const desired = natural && { desiredWidth: Math.ceil(eighths * natural[0]), desiredHeight: Math.ceil(eighths * natural[1]) };
    const decoder = new ImageDecoder({ data: bytes, type, ...(isWhole ? {} : desired) });
    const { image: source } = await decoder.decode();
    decoder.close();
    return { source, width: source.displayWidth, height: source.displayHeight, isWhole, close: () => source.close() };
  } catch {
    return null;
  }
}
