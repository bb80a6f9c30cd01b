/** Puts a job down now and then, so that a worker that dies has little to compute again. */

/** Between two savepoints, at least. */
const INTERVAL_MS = 5_000;
/** Large ones are written more seldom: so many bytes a second are what a job may cost the store. */
const BYTES_PER_SECOND = 200_000;

export class Saver {
  readonly #give: () => Promise<Buffer>;
  readonly #send: (savepoint: Buffer) => void;
  #timer: NodeJS.Timeout;
  #isStopped = false;

  /** @param give - what has been computed so far */
  constructor(give: () => Promise<Buffer>, send: (savepoint: Buffer) => void) {
    this.#give = give;
    this.#send = send;
    this.#timer = this.#next(INTERVAL_MS);
  }

  /** Puts the job down now. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    const savepoint = await this.#give();
    if (this.#isStopped) return;
    this.#send(savepoint);
    this.#timer = this.#next(Math.max(INTERVAL_MS, (savepoint.byteLength / BYTES_PER_SECOND) * 1_000));
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #next(ms: number): NodeJS.Timeout {
    return setTimeout(() => void this.save().catch(() => {}), ms); // what fails here is told when the job ends
  }
}
