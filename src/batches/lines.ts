/** From a line of a batch to a complete request, or to the error that its sender finds in its place. */
import { AttributeContextBody } from '../contract/attribute-context-request.ts';
import { AttributeBody } from '../contract/attribute-request.ts';
import { BatchLine, kindOfLine } from '../contract/batch.ts';
import type { Catalogue, ModelInfo } from '../contract/catalogue.ts';
import type { JobError } from '../contract/job.ts';
import type { JobKind, JobRequest } from '../contract/job-kinds.ts';
import { LIMITS } from '../contract/limits.ts';
import type { ProblemError } from '../contract/problem.ts';
import { fromChatCompletion } from '../requests/chat-completions.ts';
import { type CompletionContext, completeRequest } from '../requests/complete.ts';
import { completeContextRequest } from '../requests/complete-context.ts';
import { bodyHints, contextHints } from '../requests/hints.ts';
import { InvalidRequestError } from '../requests/issues.ts';
import type { TokenCounter } from '../requests/lengths.ts';
import { BrokenJsonError, parseJson } from '../requests/parse-json.ts';
import { JsonStructure } from '../requests/structure.ts';
import { compileJson } from '../validation/ajv.ts';
import { explain } from '../validation/explain.ts';

/** Errors of one line that are told; the sender mends these first. */
const TOLD = 4;

/** Texts are counted by the engine, which says the same of one that is too long. */
const NOT_COUNTED: TokenCounter = {
  count: async () => null,
  countConversation: async () => null,
  longestToken: async () => null,
};

const followsLine = compileJson(BatchLine);
const followsAttribute = compileJson(AttributeBody);
const followsContext = compileJson(AttributeContextBody);

export interface LineContext {
  /** What the bodies of all lines share. */
  defaults: Record<string, unknown>;
  catalogue: Catalogue;
}

type Complete = { request: JobRequest; model: ModelInfo };
type CheckedLine = Complete | { error: JobError };

/** Checks a line as the route that it names checks a body. */
export async function checkLine(text: string, { defaults, catalogue }: LineContext): Promise<CheckedLine> {
  try {
    const line = await readLine(text);
    const kind = kindOfLine(line.url);
    const body = { ...fieldsOf(kind, defaults), ...line.body };
    const context = { catalogue, tokens: NOT_COUNTED, allowPrivateWebhooks: false };
    return kind === 'attribute' ? await completeAttribute(body, context) : await completeContext(body, context);
  } catch (error) {
    if (error instanceof BrokenJsonError) return { error: lineError('broken_json', error.message) };
    if (error instanceof LineError) return { error: told(error.errors) };
    if (error instanceof InvalidRequestError) return { error: told(error.errors.map(inBody)) };
    throw error;
  }
}

/** Those of the shared fields that requests of a kind have: a batch may hold several kinds. */
function fieldsOf(kind: JobKind, defaults: Record<string, unknown>): Record<string, unknown> {
  const known = kind === 'attribute' ? AttributeBody.properties : AttributeContextBody.properties;
  return Object.fromEntries(Object.entries(defaults).filter(([name]) => name in known));
}

async function completeAttribute(sent: Record<string, unknown>, context: CompletionContext): Promise<Complete> {
  const { body, ignored: ignoredFields } = fromChatCompletion(sent);
  if (!isBody(body)) {
    throw new InvalidRequestError(explain(followsAttribute.errors ?? [], '#', bodyHints(context.catalogue)));
  }
  refuseWebhook(body);
  return completeRequest(body, { ...context, ignoredFields });
}

async function completeContext(body: Record<string, unknown>, context: CompletionContext): Promise<Complete> {
  if (!isContextBody(body)) {
    throw new InvalidRequestError(explain(followsContext.errors ?? [], '#', contextHints(context.catalogue)));
  }
  refuseWebhook(body);
  return completeContextRequest(body, context);
}

function refuseWebhook({ webhook }: { webhook?: unknown }): void {
  if (webhook === null || webhook === undefined) return;
  const detail = 'lines of a batch are not called back: leave it out, and follow GET /batches/{id}/results.';
  throw new InvalidRequestError([{ pointer: '#/webhook', detail }]);
}

/** The line itself, not its body, is at fault. */
class LineError extends InvalidRequestError {}

async function readLine(text: string): Promise<BatchLine> {
  const structure = new JsonStructure();
  structure.push(Buffer.from(text));
  const { count, deepest } = structure;
  if (count > LIMITS.bodyValues || deepest > LIMITS.bodyDepth) {
    const limits = `at most ${LIMITS.bodyValues} values and keys, ${LIMITS.bodyDepth} levels deep`;
    const detail = `has ${count} values and keys, ${deepest} levels deep, and may have ${limits}: split it.`;
    throw new LineError([{ pointer: '#', detail }]);
  }
  const line = await parseJson(text);
  if (!isLine(line)) throw new LineError(explain(followsLine.errors ?? [], '#'));
  return line;
}

const isLine = (value: unknown): value is BatchLine => followsLine(value);
const isBody = (value: unknown): value is AttributeBody => followsAttribute(value);
const isContextBody = (value: unknown): value is AttributeContextBody => followsContext(value);

const inBody = ({ pointer, detail }: ProblemError): ProblemError => ({
  pointer: pointer.replace('#', '#/body'),
  detail,
});

function told(errors: readonly ProblemError[]): JobError {
  const [first, ...others] = errors.slice(0, TOLD);
  const more = errors.length > TOLD ? [`(and ${errors.length - TOLD} more)`] : [];
  const rest = others.map(({ pointer, detail }) => `${pointer}: ${detail}`);
  return { ...lineError('validation', [first.detail, ...rest, ...more].join(' ')), pointer: first.pointer };
}

function lineError(code: string, message: string): JobError {
  return { code, message, pointer: null };
}
