/**
 * What has been computed of a text, so that another attempt can take it up. A text is computed in an order that its request
 * and seed decide, so the results of its passes, in that order, are all that is needed: who goes through them again gets the
 * same numbers to the byte, without the passes. What is added up over many passes is put down as sums.
 */

type FloatArray = Float32Array | Float64Array;

/** What pieces of work are added to. */
export interface Sums<Saved = unknown> {
  /** Bytes that `save` gives. */
  readonly bytes: number;
  /** What has been added so far: plain data. It is copied at once, however long that takes to be read. */
  save(): Promise<Saved>;
  /** Goes on from there. */
  load(saved: Saved): void;
}

interface SavedFold {
  /** How the work was cut into pieces. */
  cut: string;
  /** That were added. */
  pieces: number;
  sums: unknown;
  /** Of the sums. */
  bytes: number;
  /** As of `Fold.scores`. */
  scores: Float32Array | null;
}

/** As it is put down: plain data, in the order of the work; null: nothing is known of that place. */
export type SavedJournal = readonly (FloatArray | SavedFold | null)[];

/** Sums that took no longer than this are computed again rather than kept until their text is finished. */
const WORTH_KEEPING_MS = 1_000;

export class Journal {
  readonly #earlier: SavedJournal;
  readonly #mostBytes: number;
  readonly #entries: (FloatArray | Fold | null)[] = [];

  /**
   * @param mostBytes - that sums may have which are kept until their text is finished
   * @param earlier - what another attempt has put down
   */
  constructor(mostBytes: number, earlier: SavedJournal = []) {
    this.#mostBytes = mostBytes;
    this.#earlier = earlier;
  }

  /**
   * The result of the next piece of work.
   * @param size - numbers that it has
   * @param onKnown - called where an earlier attempt has computed it
   */
  async result<T extends FloatArray>(size: number, compute: () => Promise<T>, onKnown: () => void): Promise<T> {
    const place = this.#entries.length;
    const known = this.#earlier[place] ?? null;
    if (known !== null && !('pieces' in known) && known.length === size) {
      this.#entries.push(known);
      onKnown();
      return known as T;
    }
    this.#entries.push(null);
    const result = await compute();
    this.#entries[place] = result.slice(); // it may be part of a larger array
    return result;
  }

  /**
   * The next pieces of work, which are added to sums; these begin as those of an earlier attempt where it has some.
   * @param cut - how the work is cut into pieces: those of another cut are not taken up
   */
  fold(sums: Sums, cut: string): Fold {
    const known = this.#earlier[this.#entries.length] ?? null;
    const earlier = known !== null && 'pieces' in known && known.cut === cut ? known : null;
    const fold = new Fold({ sums, cut, mostBytes: this.#mostBytes }, earlier);
    this.#entries.push(fold);
    return fold;
  }

  /** What is to be put down now. @param room - bytes; what comes after them, or does not fit, is left out */
  async save(room: number): Promise<SavedJournal> {
    const saved: (FloatArray | SavedFold | null)[] = [];
    let left = room;
    for (const entry of [...this.#entries, ...this.#earlier.slice(this.#entries.length)]) {
      if (entry instanceof Fold) {
        left -= entry.bytes;
        saved.push(left < 0 ? null : await entry.save());
      } else {
        left -= entry !== null && 'byteLength' in entry ? entry.byteLength : (entry?.bytes ?? 0);
        saved.push(entry);
      }
      if (left < 0) break;
    }
    return saved;
  }
}

/** What is put down of pieces of work. */
interface Kept {
  sums: Sums;
  cut: string;
  mostBytes: number;
}

/** Pieces of work, one after the other, and the sums that they are added to. */
export class Fold {
  /** Scores that the pieces told by the way; null: none. */
  scores: Float32Array | null;
  readonly #kept: Kept | null;
  /** Pieces of an earlier attempt. */
  readonly #earlier: number;
  readonly #started = performance.now();
  #pieces = 0;
  #adding: Promise<void> | null = null;
  /** What is put down once the sums are freed; undefined: they are there. */
  #last: SavedFold | null | undefined;

  /** @param kept - null: nothing is put down */
  constructor(kept: Kept | null, earlier: SavedFold | null = null) {
    this.#kept = kept;
    this.#earlier = earlier?.pieces ?? 0;
    this.scores = earlier?.scores ?? null;
    if (earlier !== null) kept?.sums.load(earlier.sums);
  }

  /** Whether an earlier attempt has added the next piece: then it is passed over. */
  passes(): boolean {
    if (this.#pieces >= this.#earlier) return false;
    this.#pieces += 1;
    return true;
  }

  /** Adds the next piece. */
  async add(piece: () => Promise<void>): Promise<void> {
    this.#adding = piece().then(() => {
      this.#pieces += 1;
    });
    try {
      await this.#adding;
    } finally {
      this.#adding = null;
    }
  }

  /** No piece is added any more, and the sums may change or be freed. */
  async end(): Promise<void> {
    const fits = this.#kept !== null && this.#kept.sums.bytes <= this.#kept.mostBytes;
    const isWorthIt = fits && performance.now() - this.#started > WORTH_KEEPING_MS;
    this.#last = isWorthIt ? await this.save() : null;
  }

  /** That `save` gives now. */
  get bytes(): number {
    return this.#last === undefined ? (this.#kept?.sums.bytes ?? 0) : (this.#last?.bytes ?? 0);
  }

  async save(): Promise<SavedFold | null> {
    while (this.#adding !== null) await this.#adding.catch(() => {});
    if (this.#last !== undefined) return this.#last;
    if (this.#kept === null) return null;
    // What is copied at once belongs together.
    const pieces = Math.max(this.#pieces, this.#earlier);
    const { sums, cut } = this.#kept;
    const [scores, bytes, saved] = [this.scores?.slice() ?? null, sums.bytes, sums.save()];
    return { cut, pieces, bytes, scores, sums: await saved };
  }
}
