/** A fault of the request that only the engine can see; the worker fails the job with it and does not retry. */
export class AttributionError extends Error {
  /** Short and stable, for programs. */
  readonly code: string;
  /** JSON pointer to the field at fault. */
  readonly pointer: string | undefined;

  constructor(code: string, message: string, pointer?: string) {
    super(message);
    this.name = 'AttributionError';
    this.code = code;
    this.pointer = pointer;
  }
}
