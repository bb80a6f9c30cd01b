/** A problem as a page, for people who followed a link. */

import type { FastifyReply } from 'fastify';
import type { Problem } from '../../contract/problem.ts';
import { escaped, sendPage } from './page.ts';

/** @param prefix - path under which the service is published */
export function sendProblemPage(reply: FastifyReply, problem: Problem, prefix: string): FastifyReply {
  const errors = (problem.errors ?? []).map(
    ({ pointer, detail }) => `<p><code>${escaped(pointer)}</code> ${escaped(detail)}</p>`,
  );
  const body =
    `<h1>${escaped(problem.title)}</h1>${errors.length > 0 ? errors.join('') : `<p>${escaped(problem.detail)}</p>`}` +
    `<p><a href="${escaped(prefix)}/">Start page</a> · <a href="${escaped(prefix)}/docs">Documentation</a></p>` +
    `<p class="muted">${problem.status} · ${escaped(problem.instance ?? problem.type)}</p>`;
  return sendPage(reply, problem.title, body);
}
