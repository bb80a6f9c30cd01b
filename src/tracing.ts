/**
 * Traces by OpenTelemetry, on where the standard variables name a collector (OTEL_EXPORTER_OTLP_ENDPOINT); otherwise
 * nothing of it is loaded. Spans hold ids, names and counts: no text, no key, no secret.
 */
import type { Attributes, Tracer } from '@opentelemetry/api';
import { readTraceparent, type TraceContext, traceContextOf } from './trace-context.ts';
import { VERSION } from './version.ts';

interface SpanOptions {
  /** `traceparent` of the span that this one belongs to; left out or none: it begins a trace. */
  parent?: string;
  kind?: 'server' | 'producer' | 'consumer';
  attributes?: Attributes;
  /** Milliseconds since 1970; left out: now. */
  start?: number;
}

export interface Span {
  /** For spans below it, here and elsewhere. */
  context: TraceContext;
  set(attributes: Attributes): void;
  /** @param fault - a word for what went wrong @param at - milliseconds since 1970; left out: now */
  end(fault?: string, at?: number): void;
}

export interface Tracing {
  span(name: string, options?: SpanOptions): Span;
  /** Sends what has ended. Never rejects: a collector that is away is no fault of a job. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** What OpenTelemetry's own SDK goes by. */
function isOn(env: NodeJS.ProcessEnv): boolean {
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
  return Boolean(endpoint) && env.OTEL_SDK_DISABLED !== 'true' && env.OTEL_TRACES_EXPORTER !== 'none';
}

/** @param service - the process, as traces name it unless OTEL_SERVICE_NAME does */
export async function startTracing(service: string, env: NodeJS.ProcessEnv = process.env): Promise<Tracing | null> {
  if (!isOn(env)) return null;
  const [api, { BatchSpanProcessor, NodeTracerProvider }, { OTLPTraceExporter }, resources] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const named = resources.detectResources({ detectors: [resources.envDetector] }); // OTEL_SERVICE_NAME and the like
  const provider = new NodeTracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': service, 'service.version': VERSION }).merge(named),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  return {
    span: (name, options) => startSpan(api, provider.getTracer('whence', VERSION), name, options),
    flush: () => provider.forceFlush().catch(() => {}),
    close: () => provider.shutdown().catch(() => {}),
  };
}

function startSpan(
  { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace }: typeof import('@opentelemetry/api'),
  tracer: Tracer,
  name: string,
  { parent, kind, attributes, start }: SpanOptions = {},
): Span {
  const above = readTraceparent(parent);
  const context =
    above === null
      ? ROOT_CONTEXT
      : trace.setSpanContext(ROOT_CONTEXT, { ...above, traceFlags: above.flags, isRemote: true });
  const kinds = { server: SpanKind.SERVER, producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER };
  const options = { kind: kind === undefined ? SpanKind.INTERNAL : kinds[kind], attributes, startTime: start };
  const span = tracer.startSpan(name, options, context);
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    context: traceContextOf({ traceId, spanId, flags: traceFlags }),
    set: (more) => void span.setAttributes(more),
    end: (fault, at) => {
      if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: fault });
      span.end(at);
    },
  };
}
