/** A checkpoint, a models file or a download is not what it must be. The message names the file and the remedy. */
export class CheckpointError extends Error {
  /** File or directory that is at fault. */
  readonly file: string;

  constructor(file: string, detail: string, options?: ErrorOptions) {
    super(`${file}: ${detail}`, options);
    this.name = 'CheckpointError';
    this.file = file;
  }
}
