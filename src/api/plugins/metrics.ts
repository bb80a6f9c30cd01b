/** Prometheus metrics of this process and of the job store. */
import fp from 'fastify-plugin';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { JOB_STATUSES } from '../../contract/job.ts';

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
    const { jobs } = fastify;
    const registry = new Registry();
    const registers = [registry];
    collectDefaultMetrics({ register: registry });

    const duration = new Histogram({
      name: 'whence_http_request_duration_seconds',
      help: 'Time from request to end of the answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    });
    fastify.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown'; // the pattern, not the path: few label values
      duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    });

    const up = new Gauge({ name: 'whence_store_up', help: 'Whether Redis answers.', registers });
    const ping = new Gauge({ name: 'whence_store_ping_seconds', help: 'Round trip to Redis.', registers });
    const statuses = new Gauge({
      name: 'whence_jobs',
      help: 'Jobs by status; the queued ones are the depth of the queue.',
      labelNames: ['status'],
      registers,
    });
    const workers = new Gauge({
      name: 'whence_workers',
      help: 'Workers seen lately.',
      labelNames: ['pool', 'state'],
      registers,
    });
    const devices = new Gauge({
      name: 'whence_worker_devices',
      help: 'Workers seen lately by what computes in them.',
      labelNames: ['pool', 'backend', 'device'],
      registers,
    });

    async function readStore(): Promise<void> {
      const [milliseconds, counts, seen] = await Promise.all([jobs.ping(), jobs.counts(), jobs.workers()]);
      statuses.reset();
      workers.reset();
      devices.reset();
      ping.set(milliseconds / 1000);
      for (const status of JOB_STATUSES) statuses.set({ status }, counts[status]);
      for (const { pool, busy, backend, device = 'cpu' } of seen) {
        workers.inc({ pool, state: busy ? 'busy' : 'idle' });
        devices.inc({ pool, backend, device });
      }
    }

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
