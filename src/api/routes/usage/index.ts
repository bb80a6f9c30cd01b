/** `GET /usage`: what the key has used, or with `admin` every key, by day and model. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { ref } from '../../../contract/schema.ts';
import { UsageReport } from '../../../contract/usage.ts';
import { dateOf, dayOf, USAGE_DAYS } from '../../../jobs/usage.ts';
import { BAD_REQUEST, COMMON } from '../../openapi/responses.ts';
import { badRequest } from '../../problems.ts';

/** Days that a report has where `from` is left out. */
const USUAL_DAYS = 30;

const date = (description: string) =>
  Type.Optional(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description, examples: ['2026-03-01'] }));

const Query = Type.Object(
  {
    from: date(
      `The first day, YYYY-MM-DD in UTC, at most ${USAGE_DAYS} days ago; left out: ${USUAL_DAYS} days to \`to\`.`,
    ),
    to: date('The last day, included; left out: today.'),
  },
  { additionalProperties: false },
);

const schema = {
  operationId: 'getUsage',
  tags: ['operation'],
  summary: 'Jobs, tokens and compute seconds by day, key and model',
  description: `A key sees what it used itself, one with the scope \`admin\` all keys. Kept for ${USAGE_DAYS} days.`,
  querystring: Query,
  response: {
    200: { description: 'The report.', content: { 'application/json': { schema: ref(UsageReport) } } },
    400: BAD_REQUEST,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get('/', { schema }, async (request) => {
    const today = dayOf(Date.now());
    const to = dayAt('to', request.query.to) ?? today;
    const from = dayAt('from', request.query.from) ?? to - USUAL_DAYS + 1;
    if (from > to) throw refused('from', dateOf(from), `is after \`to\`, ${dateOf(to)}: give an earlier day`);
    if (request.query.from !== undefined && from < today - USAGE_DAYS) {
      const remedy = `give ${dateOf(today - USAGE_DAYS)} or a later day`;
      throw refused('from', dateOf(from), `is more than ${USAGE_DAYS} days ago, and no more are kept: ${remedy}`);
    }
    const rows = await request.jobs.usage({ from, to: Math.min(to, today) });
    return { from: dateOf(from), to: dateOf(to), rows };
  });
};

/** The number of a day that a query names. @throws ApiProblem 400 where the calendar has no such day */
function dayAt(name: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(time) || dateOf(dayOf(time)) !== text) throw refused(name, text, 'is no day of the calendar');
  return dayOf(time);
}

function refused(name: string, text: string, what: string) {
  return badRequest([{ pointer: `#/query/${name}`, detail: `${text} ${what}.` }]);
}

export default routes;
