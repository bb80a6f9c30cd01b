/** How deep and how large a JSON text is, counted while it arrives: before anything is parsed, in constant memory. */

/** What a byte outside of strings can be. */
const BETWEEN = 0; // white space, comma, colon
const OPENING = 1; // { [
const CLOSING = 2; // } ]
const QUOTE = 3;
const SCALAR = 4; // anything else: numbers, true, false, null, and what is no JSON

const KIND = new Uint8Array(256).fill(SCALAR);
for (const byte of Buffer.from(' \t\r\n,:')) KIND[byte] = BETWEEN;
for (const byte of Buffer.from('{[')) KIND[byte] = OPENING;
for (const byte of Buffer.from('}]')) KIND[byte] = CLOSING;
KIND[0x22] = QUOTE;

const BACKSLASH = 0x5c;

/**
 * Counts values, keys and levels of nesting of a UTF-8 text that is handed in piece by piece. It is exact for JSON; for
 * anything else the numbers mean nothing, and the parser will refuse it.
 */
export class JsonStructure {
  /** Values and keys so far: each object, list, string (keys too), number, true, false and null. */
  count = 0;
  /** Most levels of lists and objects so far. */
  deepest = 0;
  #depth = 0;
  #inString = false;
  /** Whether the next byte of a string is escaped. */
  #escaped = false;
  #before = BETWEEN;

  /** Takes the next bytes; the time is linear in their number. */
  push(bytes: Uint8Array): void {
    let at = 0;
    const { length } = bytes;
    while (at < length) {
      if (this.#inString) {
        at = this.#skipString(bytes, at);
        continue;
      }
      const kind = KIND[bytes[at++]];
      if (kind === SCALAR) {
        if (this.#before !== SCALAR) this.count++;
      } else if (kind === QUOTE) {
        this.count++;
        this.#inString = true;
      } else if (kind === OPENING) {
        this.count++;
        if (++this.#depth > this.deepest) this.deepest = this.#depth;
      } else if (kind === CLOSING) {
        this.#depth--;
      }
      this.#before = kind;
    }
  }

  /** The index behind the string's end, or behind the last byte where it goes on in the next piece. */
  #skipString(bytes: Uint8Array, from: number): number {
    let at = from;
    let escaped = this.#escaped;
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === 0x22) {
        this.#inString = false;
        this.#escaped = false;
        return at + 1;
      }
    }
    this.#escaped = escaped;
    return at;
  }
}
