/**
 * Whose jobs and batches a request sees and makes: those of its key; all, where the service asks for none, and with the
 * scope `admin`.
 */
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { VisibleBatches } from '../../batches/visible-batches.ts';
import type { Flow } from '../../jobs/jobs.ts';
import { type Viewer, VisibleJobs } from '../../jobs/visible-jobs.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Whose the jobs and batches are that it makes: the name of its key; '' where no key is asked for. */
    readonly tenant: string;
    /** Where its jobs wait, and what its key gets of the device and of the queue. */
    readonly flow: Flow;
    readonly jobs: VisibleJobs;
    readonly batches: VisibleBatches;
  }
}

export default fp(
  async (fastify) => {
    const { jobs, batches, keyring } = fastify;
    const viewer = ({ accessKey }: FastifyRequest): Viewer =>
      accessKey === null || accessKey.scopes.includes('admin') ? null : accessKey.name;
    fastify.decorateRequest('flow', {
      getter(this: FastifyRequest): Flow {
        const { accessKey } = this;
        if (accessKey === null) return { tenant: '' };
        const { name: tenant, weight } = accessKey;
        return { tenant, weight, share: keyring.shareOf(tenant) };
      },
    });
    fastify.decorateRequest('jobs', {
      getter(this: FastifyRequest) {
        return new VisibleJobs(jobs, viewer(this));
      },
    });
    fastify.decorateRequest('batches', {
      getter(this: FastifyRequest) {
        return new VisibleBatches(batches, viewer(this));
      },
    });
  },
  { name: 'tenants', dependencies: ['access'] },
);
