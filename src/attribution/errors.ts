/** A fault of the request that only the engine can see; the worker fails the job with it and does not retry. */
export class AttributionError extends Error {
  /** Short and stable, for programs. */
  readonly code: string;
  /**
   * JSON pointer to the field at fault: absolute (`#/method_args/target_layer`), or relative to the arguments of the
   * step function or aggregator that throws it (`/top_p`), which its caller makes absolute with `located`.
   */
  readonly pointer: string | undefined;

  constructor(code: string, message: string, pointer?: string) {
    super(message);
    this.name = 'AttributionError';
    this.code = code;
    this.pointer = pointer;
  }
}

/** The error of a step function or aggregator, its pointer made absolute; other errors as they are. */
export function located(error: unknown, argsPointer: string): unknown {
  if (!(error instanceof AttributionError) || error.pointer?.startsWith('#')) return error;
  return new AttributionError(error.code, error.message, argsPointer + (error.pointer ?? ''));
}
