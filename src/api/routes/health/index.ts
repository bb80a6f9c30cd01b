/** `GET /health/live` and `/health/ready`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { BackendInfo } from '../../../contract/catalogue.ts';
import { nullable } from '../../../contract/schema.ts';
import { readiness } from '../../catalogue/readiness.ts';

/** Probes ask every few seconds: their requests are not logged. */
const QUIET = { logLevel: 'warn' } as const;

const Readiness = Type.Object({
  status: Type.Enum(['ready', 'unavailable']),
  redis: Type.Object({ up: Type.Boolean(), milliseconds: nullable(Type.Number({ description: 'Round trip.' })) }),
  backend: nullable(BackendInfo, { description: 'Which arithmetic the worker uses, and why.' }),
  workers: Type.Array(
    Type.Object({
      id: Type.String(),
      pool: Type.String(),
      backend: Type.String(),
      device: Type.Optional(Type.String({ description: 'What really computes: `cpu`, or the name of the GPU.' })),
      loaded_models: Type.Array(Type.String()),
      busy: Type.Boolean(),
      last_seen: Type.String(),
      preloading: Type.Optional(Type.Array(Type.String(), { description: 'Models that it loads before it is ready.' })),
    }),
  ),
  problems: Type.Array(Type.String(), { description: 'What is missing or endangers the jobs, and what to do.' }),
});

const live = {
  operationId: 'live',
  tags: ['operation'],
  summary: 'Does this process answer?',
  response: {
    200: {
      description: 'Yes.',
      content: { 'application/json': { schema: Type.Object({ status: Type.Literal('live') }) } },
    },
  },
};

const ready = {
  operationId: 'ready',
  tags: ['operation'],
  summary: 'Can this service compute attributions now?',
  response: {
    200: { description: 'Yes.', content: { 'application/json': { schema: Readiness } } },
    503: { description: 'Not now; `problems` says why.', content: { 'application/json': { schema: Readiness } } },
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/live', { schema: live, ...QUIET }, async () => ({ status: 'live' as const }));

  fastify.get('/ready', { schema: ready, ...QUIET }, async (_request, reply) => {
    const state = await readiness(fastify.jobs);
    return reply.code(state.status === 'ready' ? 200 : 503).send(state);
  });
};

export default routes;
