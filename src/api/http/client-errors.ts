/** What Node's HTTP parser refuses before there is a request: answered as problems too, straight to the socket. */
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, maxHeaderSize, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiProblem, PROBLEM_MEDIA_TYPE } from '../problems.ts';

/** For `clientErrorHandler` of Fastify. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(error);
  const head = Object.entries(headersOf(problem)).map(([name, value]) => `${name}: ${value}\r\n`);
  const { id, text } = written(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head.join('')}x-request-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
  socket.destroySoon(); // the rest of what is no HTTP is not read
}

/** For `checkExpectation` of Node's server: an `Expect` other than `100-continue`. */
export function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const detail = `\`Expect: ${String(headers.expect).slice(0, 200)}\` cannot be met: leave the header out.`;
  const problem = new ApiProblem('bad-request', 'The request is not understood', 417, detail);
  const { id, text } = written(problem);
  const length = Buffer.byteLength(text);
  response.writeHead(problem.status, { ...headersOf(problem), 'x-request-id': id, 'content-length': length }).end(text);
}

function problemOf({ code, message }: Error & { code?: string }): ApiProblem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ApiProblem(
        'headers-too-large',
        'Headers too large',
        431,
        `The request line and the headers are larger than ${maxHeaderSize} bytes: shorten them.`,
      );
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiProblem(
        'request-timeout',
        'Request timeout',
        408,
        'The request did not arrive whole in time: send it again, faster or in parts.',
      );
    default:
      return new ApiProblem(
        'bad-request',
        'The request is not understood',
        400,
        `What was sent is not HTTP/1.1: ${message}.`,
      );
  }
}

function headersOf({ headers }: ApiProblem): Record<string, string> {
  return { ...headers, 'content-type': PROBLEM_MEDIA_TYPE, 'x-content-type-options': 'nosniff' };
}

function written(problem: ApiProblem): { id: string; text: string } {
  const id = randomUUID();
  return { id, text: JSON.stringify(problem.toProblem(id)) };
}
