/** Sends a stored result in the form that a client asked for, in pieces where it is large. */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Job } from '../../contract/job.ts';
import { pagePolicy } from '../../results/heatmap.ts';
import { checkForm } from './finished.ts';
import type { Format } from './formats.ts';
import { jobWithResult } from './job-with-result.ts';
import { type Packed, unpackedBytes, unpackedStream } from './packed.ts';

/** Answers below this size are not compressed. */
const SMALL_BYTES = 1_024;

const MEDIA_TYPES: Record<Wanted['format'], string> = {
  json: 'application/json',
  inseq: 'application/json',
  csv: 'text/csv; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
  embed: 'text/html; charset=utf-8',
};

export interface Wanted {
  id: string;
  /** `embed`: the page as a fragment for other pages. */
  format: Format | 'embed';
  /** Characters of a line of `text`; null: no limit. */
  width: number | null;
}

/** Answers with a job that has ended: in JSON with its result, in other forms with the result alone, where there is one. */
export async function sendEnded(
  request: FastifyRequest,
  reply: FastifyReply,
  job: Job,
  format: Format,
): Promise<FastifyReply> {
  const packed = job.status === 'succeeded' ? await request.server.jobs.packedResult(job.id, 'json') : null;
  reply.header('vary', 'accept');
  if (packed !== null) checkForm(job, format);
  if (packed === null || format === 'json') return reply.type(MEDIA_TYPES.json).send(jobWithResult(job, packed));
  return sendResult(request, reply, packed, { id: job.id, format, width: null });
}

/** Answers with the result of job `id`. Its JSON is sent as it is stored, and never parsed. */
export async function sendResult(
  request: FastifyRequest,
  reply: FastifyReply,
  packed: Packed,
  { id, format, width }: Wanted,
): Promise<FastifyReply> {
  reply.type(MEDIA_TYPES[format]);
  if (format === 'json' || format === 'inseq') return sendJson(request, reply, packed);
  const { renderer } = request.server;
  if (format === 'html' || format === 'embed') reply.header('content-security-policy', pagePolicy());
  if (format === 'csv') reply.header('content-disposition', `attachment; filename="whence-${id}.csv"`);
  return reply.send(await renderer.render(packed, { format, width }));
}

function sendJson(request: FastifyRequest, reply: FastifyReply, packed: Packed): FastifyReply {
  reply.header('vary', 'accept, accept-encoding');
  const gzip = request.accepts().encoding(['gzip', 'identity']) === 'gzip';
  if (!gzip || unpackedBytes(packed) < SMALL_BYTES) return reply.send(unpackedStream(packed));
  const bytes = packed.reduce((sum, piece) => sum + piece.byteLength, 0);
  return reply.headers({ 'content-encoding': 'gzip', 'content-length': bytes }).send(Readable.from(packed));
}
