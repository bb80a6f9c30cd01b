/** W3C Trace Context (https://www.w3.org/TR/trace-context/): which trace a request belongs to. */

export interface TraceContext {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** The header as it came. */
  header: string;
}

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Null for what is no `traceparent`: the standard wants it left out then, and the trace begun anew. */
export function readTraceparent(header: unknown): TraceContext | null {
  const traceId = typeof header === 'string' ? TRACEPARENT.exec(header)?.[1] : undefined;
  return traceId === undefined ? null : { traceId, header: String(header) };
}
