/** 404 for unknown paths, and 405 with `Allow` for known ones. */
import fp from 'fastify-plugin';
import { nearest } from '../../validation/nearest.ts';
import { ApiProblem, notFound } from '../problems.ts';
import { sendProblem } from './problems.ts';

export default fp(
  async (fastify) => {
    const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

    fastify.addHook('onRoute', ({ url, method }) => {
      const route = routes.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
      for (const name of [method].flat()) route.methods.add(name);
      routes.set(url, route);
    });

    fastify.setNotFoundHandler((request, reply) => {
      const path = request.url.split('?')[0];
      const allowed = [...routes.entries()].find(([url, { pattern }]) => url !== '*' && pattern.test(path))?.[1]
        .methods;
      if (allowed !== undefined && !allowed.has(request.method)) {
        const allow = [...allowed].join(', ');
        const detail = `${request.method} is not possible on ${path}: use ${allow}.`;
        return sendProblem(
          request,
          reply,
          new ApiProblem('method-not-allowed', 'Method not allowed', 405, detail, { headers: { allow } }),
        );
      }
      const near = nearest(
        path,
        [...routes.keys()].filter((url) => url.length > 1 && !url.includes('*')),
      );
      const hint = near === undefined ? '' : ` Did you mean ${near}?`;
      return sendProblem(
        request,
        reply,
        notFound(`There is nothing at ${path}.${hint} GET /docs describes every route.`),
      );
    });
  },
  { name: 'not-found', dependencies: ['problems'] },
);

/** `/jobs/:id` -> a pattern for its paths. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${source}$`);
}
