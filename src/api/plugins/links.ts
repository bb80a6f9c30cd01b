/** The links of a job or a batch as its reader follows them: from outside, and for whoever has a share link below that. */
import type { FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { type Batch, batchLinks } from '../../contract/batch.ts';
import { type Job, jobLinks } from '../../contract/job.ts';
import { mayDo, NO_KEY } from '../access/keys.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The share link that the request came by; null: it has the key. */
    shareToken: string | null;
    /** `job` with the links that lead there from outside. */
    linked(job: Job): Job;
    /** `batch` with the links that lead there from outside. */
    linkedBatch(batch: Batch): Batch;
  }
}

export default fp(
  async (fastify) => {
    const { signer, settings } = fastify;
    const { publicUrl, shareSeconds } = settings;
    const step = Math.ceil(shareSeconds / 100);
    fastify.decorateRequest('shareToken', null);

    fastify.decorateRequest('linkedBatch', function linkedBatch(this: FastifyRequest, batch: Batch): Batch {
      return { ...batch, links: batchLinks(batch.id, publicUrl ?? this.prefix) };
    });

    fastify.decorateRequest('linked', function linked(this: FastifyRequest, job: Job): Job {
      const root = publicUrl ?? this.prefix;
      // In steps, so that the link of a job stays the same for a while.
      const expires = step * Math.ceil((Date.now() / 1000 + shareSeconds) / step);
      const token =
        this.shareToken ?? signer.sign('share', { subject: job.id, expires, key: this.accessKey?.digest ?? NO_KEY });
      const share = `${root}/s/${token}`;
      if (this.shareToken === null) {
        const links = jobLinks(job.id, root);
        return { ...job, links: mayDo(this.accessKey, 'read') ? { ...links, share } : links };
      }
      const below = (name: string): string => `${share}/${name}`;
      const links = { self: share, result: below('result'), events: below('events'), heatmap: below('heatmap'), share };
      return { ...job, links };
    });
  },
  { name: 'links', dependencies: ['access'] },
);
