/**
 * What a job puts down when its worker goes, or now and then should it die, so that another attempt goes on from there: texts
 * that are finished, and of the others their new tokens and what their passes gave (src/journal.ts).
 */

import { deserialize, serialize } from 'node:v8';
import type { Counters } from '../attribution/passes/passes.ts';
import { Continuation, type SavedContinuation } from '../generation/generate.ts';
import { Journal, type SavedJournal } from '../journal.ts';

/** Most bytes of a savepoint. A text whose share does not fit is begun anew by the next attempt. */
const MOST_BYTES = 64 * 2 ** 20;

/** A text as it is put down: plain data. */
interface SavedText {
  continuation?: SavedContinuation;
  /** Share of its attribution that is done. */
  fraction: number;
  journal?: SavedJournal;
  finished?: FinishedText<unknown>;
}

/** What a text came to, and the passes that it took. */
interface FinishedText<Text> {
  text: Text;
  counters: Counters;
}

/** A text that is worked on, or was. */
interface OpenText<Text> {
  continuation: Continuation;
  fraction: number;
  earlier?: SavedJournal;
  journal?: Journal | undefined;
  finished?: FinishedText<Text> & {
    /** Of its scores. */
    bytes: number;
  };
}

/** A job as it is put down: each text packed by itself. */
interface SavedJob {
  seconds: number;
  /** That were run, by all attempts. */
  passes: number;
  texts: [number, Uint8Array][];
}

/** @typeParam Text - what is made of a text: plain data */
export class Savepoint<Text> {
  /** Seconds that earlier attempts have computed what they put down. */
  readonly earlierSeconds: number;
  /** Passes that earlier attempts have run, as far as they have put it down. */
  readonly #earlierPasses: number = 0;
  /** Of the texts that this attempt has worked on. */
  readonly #counters: Counters[] = [];
  /** Whether there is something of an earlier attempt. */
  readonly isResumed: boolean;
  readonly #fingerprint: string;
  readonly #texts = new Map<number, OpenText<Text>>();
  readonly #started = performance.now();

  /**
   * @param fingerprint - of model, backend and versions: what was put down under another is not used
   * @param bytes - what an earlier attempt has put down
   */
  constructor(fingerprint: string, bytes?: Uint8Array) {
    this.#fingerprint = fingerprint;
    const header = Buffer.from(`${fingerprint}\n`);
    this.isResumed = bytes !== undefined && header.equals(bytes.subarray(0, header.length));
    this.earlierSeconds = 0;
    if (bytes === undefined || !this.isResumed) return;
    const saved = deserialize(bytes.subarray(header.length)) as SavedJob;
    this.earlierSeconds = saved.seconds;
    this.#earlierPasses = saved.passes;
    for (const [index, packed] of saved.texts) {
      const { continuation, fraction, journal: earlier, finished } = deserialize(packed) as SavedText;
      this.#texts.set(index, {
        continuation: new Continuation(continuation),
        fraction,
        ...(earlier && { earlier }),
        ...(finished && { finished: { ...(finished as FinishedText<Text>), bytes: packed.byteLength } }),
      });
    }
  }

  /** How far a text has been continued. */
  continuation(index: number): Continuation {
    return this.#text(index).continuation;
  }

  /** Passes that were run, by all attempts. */
  get passes(): number {
    return this.#counters.reduce(
      (sum, { forward, backward, recalled = 0 }) => sum + forward + backward - recalled,
      this.#earlierPasses,
    );
  }

  /** The journal of a text that is attributed now, from its beginning. @param counters - of its passes */
  open(index: number, counters: Counters): Journal {
    this.#counters.push(counters);
    const text = this.#text(index);
    text.journal = new Journal(MOST_BYTES, text.earlier);
    return text.journal;
  }

  /** A text has failed, and its sums are gone: what an earlier attempt has put down of it stays. */
  drop(index: number): void {
    this.#text(index).journal = undefined;
  }

  /** Share of a text's attribution that was done when an earlier attempt put it down. */
  fraction(index: number): number {
    return this.#text(index).fraction;
  }

  /** Notes the share of a text's attribution that is done. */
  note(index: number, fraction: number): void {
    const text = this.#text(index);
    text.fraction = Math.max(text.fraction, fraction);
  }

  finished(index: number): FinishedText<Text> | null {
    return this.#text(index).finished ?? null;
  }

  /** @param bytes - of its scores */
  finish(index: number, finished: FinishedText<Text>, bytes: number): void {
    const { continuation } = this.#text(index);
    this.#texts.set(index, { continuation, fraction: 1, finished: { ...finished, bytes } });
  }

  /** What is to be put down now. */
  async bytes(): Promise<Buffer> {
    const seconds = this.earlierSeconds + (performance.now() - this.#started) / 1000;
    let room = MOST_BYTES;
    const texts: [number, Buffer][] = [];
    for (const [index, { continuation, fraction, earlier, journal, finished }] of this.#texts) {
      const continued = await continuation.save(room);
      const base = { ...(continued && { continuation: continued }), fraction };
      let own: SavedText = { ...base, fraction: 0 };
      if (finished !== undefined) {
        const { text, counters, bytes } = finished;
        if (bytes <= room) own = { ...base, finished: { text, counters } };
      } else {
        own = { ...base, journal: (await journal?.save(room)) ?? earlier ?? [] };
      }
      const packed = serialize(own);
      if (packed.byteLength > room) continue;
      room -= packed.byteLength;
      texts.push([index, packed]);
    }
    const saved: SavedJob = { seconds, passes: this.passes, texts };
    return Buffer.concat([Buffer.from(`${this.#fingerprint}\n`), serialize(saved)]);
  }

  #text(index: number): OpenText<Text> {
    const known = this.#texts.get(index);
    if (known !== undefined) return known;
    const text: OpenText<Text> = { continuation: new Continuation(), fraction: 0 };
    this.#texts.set(index, text);
    return text;
  }
}
