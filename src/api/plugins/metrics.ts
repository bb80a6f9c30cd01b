/** Prometheus metrics of this process and of the job store. */
import fp from 'fastify-plugin';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { storeMetrics } from '../metrics/store.ts';

declare module 'fastify' {
  interface FastifyInstance {
    metrics: {
      contentType: string;
      /** The text that Prometheus scrapes, with the job store's numbers of this moment. */
      render(): Promise<string>;
    };
  }
}

export default fp(
  async (fastify) => {
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });

    const duration = new Histogram({
      name: 'whence_http_request_duration_seconds',
      help: 'Time from request to end of the answer.',
      labelNames: ['route'],
      buckets: [0.01, 0.1, 1, 10],
      registers,
    });
    const responses = new Counter({
      name: 'whence_http_responses_total',
      help: 'Answers, by class of status, but for those to probes and scrapers.',
      labelNames: ['status'],
      registers,
    });
    fastify.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown'; // the pattern, not the path: few label values
      duration.observe({ route }, reply.elapsedTime / 1000);
      if (request.routeOptions.logLevel === 'warn') return; // a probe's 503 is its news, no error
      responses.inc({ status: `${Math.floor(reply.statusCode / 100)}xx` });
    });

    const up = new Gauge({ name: 'whence_store_up', help: 'Whether Redis answers.', registers });
    const readStore = storeMetrics(registry, fastify.jobs);

    fastify.decorate('metrics', {
      contentType: registry.contentType,
      async render() {
        // metrics must answer when Redis does not: that is when they are read
        up.set(
          await readStore().then(
            () => 1,
            () => 0,
          ),
        );
        return registry.metrics();
      },
    });
  },
  { name: 'metrics' },
);
