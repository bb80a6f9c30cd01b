/** W3C Trace Context (https://www.w3.org/TR/trace-context/): which trace a request belongs to. */

export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** Of the span that it comes from: 16 hexadecimal digits. */
  spanId: string;
  /** The lowest bit: whether the trace is recorded. */
  flags: number;
  /** All of it as a header. */
  header: string;
}

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Null for what is no `traceparent`: the standard wants it left out then, and the trace begun anew. */
export function readTraceparent(header: unknown): TraceContext | null {
  const found = typeof header === 'string' ? TRACEPARENT.exec(header) : null;
  if (found === null) return null;
  const [, traceId, spanId, flags] = found;
  return { traceId, spanId, flags: Number.parseInt(flags, 16), header: found[0] };
}

/** @param context - of a span that others may follow */
export function traceContextOf({ traceId, spanId, flags }: Omit<TraceContext, 'header'>): TraceContext {
  return { traceId, spanId, flags, header: `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}` };
}
