/** `/mcp`: the Model Context Protocol over streamable HTTP, for agents. Off unless WHENCE_MCP says so. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { FastifyRequest } from 'fastify';
import { refuseForeignForm } from '../../access/origin.ts';
import { disconnected } from '../../http/disconnect.ts';
import { toolsFor } from '../../mcp/tools.ts';
import { ApiProblem } from '../../problems.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  if (!fastify.settings.mcp) return;

  fastify.all('/', { schema: { hide: true } }, async (request, reply) => {
    refuseForeignForm(request);
    refuseUnknownHost(request);
    const onerror = (error: Error): void => request.log.warn({ err: error }, 'an MCP request failed');
    const handler = createMcpHandler(() => toolsFor(request), { onerror });
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      [value ?? []].flat().map((one) => [name, one]),
    );
    const { method, body: parsedBody } = request;
    const asked = new Request(new URL('/mcp', 'http://whence'), { method, headers, signal: disconnected(reply) });
    return reply.send(await handler.fetch(asked, { parsedBody }));
  });
};

/**
 * Without keys, a page of another site could reach this one under a name of its own (DNS rebinding).
 * @throws ApiProblem 403
 */
function refuseUnknownHost({ hostname, server: { keyring, settings } }: FastifyRequest): void {
  const own = settings.publicUrl === null ? [] : [new URL(settings.publicUrl).hostname];
  if (keyring.isRequired || [...LOOPBACK, settings.host, ...own].includes(hostname)) return;
  const detail =
    `The host "${hostname.slice(0, 200)}" is none of this service: ask 127.0.0.1, or set WHENCE_PUBLIC_URL, or ` +
    'WHENCE_API_KEYS.';
  throw new ApiProblem('foreign-host', 'The host is not of this service', 403, detail);
}

export default routes;
