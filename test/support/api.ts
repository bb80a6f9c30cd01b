/** The API on a job store in memory: for tests of what goes over the wire, without Redis or a worker. */
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import type { ApiSettings } from '../../src/api/capabilities.ts';
import { buildApp } from '../../src/api/server.ts';
import type { Batches } from '../../src/batches/batches.ts';
import type { Catalogue } from '../../src/contract/catalogue.ts';
import type { Problem } from '../../src/contract/problem.ts';
import { StoreUnavailableError } from '../../src/jobs/jobs.ts';
import type { TokenCounter } from '../../src/requests/lengths.ts';
import { TokenizerError } from '../../src/tokenizers/errors.ts';
import { MemoryJobs } from './memory-jobs.ts';

export { MemoryJobs, resultOf } from './memory-jobs.ts';

/** Settings of a test: no keys, no limit, no log. */
export const SETTINGS: ApiSettings = {
  host: '127.0.0.1',
  port: 0,
  apiKeys: [],
  keysFile: null,
  secret: 'not-a-secret',
  sessionSeconds: 3_600,
  shareSeconds: 3_600,
  publicUrl: null,
  mcp: false,
  rateLimitPerMinute: 0,
  allowPrivateWebhooks: false,
  logLevel: 'silent',
  trustProxy: false,
};

const args = (properties: object = {}) => ({ type: 'object', properties, additionalProperties: false });
const both: ('decoder-only' | 'encoder-decoder')[] = ['decoder-only', 'encoder-decoder'];
const described = { description: 'What it is.', paper: null, applies_to: both };
const contrast = args({
  contrast_targets: {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }, { type: 'null' }],
    default: null,
  },
  contrast_targets_alignments: { anyOf: [{ type: 'array' }, { type: 'null' }], default: null },
  contrast_force_inputs: { type: 'boolean', default: false },
});

/** A catalogue like a worker's: a decoder, a translation model, and a few entries of each kind. */
export const CATALOGUE: Catalogue = {
  models: [
    {
      id: 'facts-gpt2',
      model_type: 'gpt2',
      architecture: 'decoder-only',
      quantization: 'int8',
      parameters: 1000,
      layers: 2,
      vocab_size: 100,
      max_positions: 64,
      languages: null,
      chat: true,
      loaded: false,
      pool: 'default',
      methods: ['input_x_gradient', 'integrated_gradients', 'occlusion'],
      step_functions: ['probability', 'entropy', 'contrast_prob_diff', 'top_p_size'],
    },
    {
      id: 'numbers-m2m100',
      model_type: 'm2m_100',
      architecture: 'encoder-decoder',
      quantization: 'none',
      parameters: 1000,
      layers: 2,
      vocab_size: 100,
      max_positions: 32,
      languages: ['de', 'en', 'fr'],
      chat: false,
      loaded: false,
      pool: 'large',
      methods: ['input_x_gradient', 'integrated_gradients', 'value_zeroing'],
      step_functions: ['probability', 'entropy'],
    },
  ],
  methods: [
    {
      id: 'input_x_gradient',
      name: 'Input x gradient',
      ...described,
      args_schema: args(),
      needs_gradient: true,
    },
    {
      id: 'integrated_gradients',
      name: 'Integrated gradients',
      ...described,
      needs_gradient: true,
      args_schema: args({
        n_steps: { type: 'integer', minimum: 1, maximum: 1000, default: 50 },
        method: { enum: ['gausslegendre', 'riemann_trapezoid'], default: 'gausslegendre' },
      }),
    },
    { id: 'occlusion', name: 'Occlusion', ...described, args_schema: args() },
    { id: 'value_zeroing', name: 'Value zeroing', ...described, args_schema: args(), applies_to: ['encoder-decoder'] },
    { id: 'lime', name: 'LIME', ...described, args_schema: args() },
  ],
  step_functions: [
    {
      id: 'probability',
      name: 'Probability',
      ...described,
      args_schema: args({ logprob: { type: 'boolean', default: false } }),
      differentiable: true,
    },
    { id: 'entropy', name: 'Entropy', ...described, args_schema: args(), differentiable: true },
    {
      id: 'contrast_prob_diff',
      name: 'Contrastive probability difference',
      ...described,
      args_schema: contrast,
      differentiable: true,
    },
    {
      id: 'top_p_size',
      name: 'Nucleus size',
      ...described,
      args_schema: args({ top_p: { type: 'number', default: 0.9 } }),
      differentiable: false,
    },
  ],
  faithfulness_metrics: [
    {
      id: 'comprehensiveness',
      name: 'Comprehensiveness',
      ...described,
      args_schema: args({ fraction: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.2 } }),
      better: 'higher',
    },
    {
      id: 'sufficiency',
      name: 'Sufficiency',
      ...described,
      args_schema: args({ fraction: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.2 } }),
      better: 'lower',
    },
    {
      id: 'deletion',
      name: 'Deletion curve',
      ...described,
      args_schema: args({ points: { type: 'integer', minimum: 1, maximum: 200, default: 10 } }),
      better: 'lower',
    },
  ],
  aggregators: [
    {
      id: 'scores',
      name: 'Scores',
      ...described,
      args_schema: args({ function: { enum: ['vnorm', 'mean', 'sum'], default: 'vnorm' } }),
    },
  ],
  backend: { name: 'wasm', version: '4.22.0', reason: 'a test' },
  versions: { whence: '0.1.0' },
};

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;

/** One token for each word, and one special token for each text or message. */
export const WORDS: TokenCounter = {
  async count(_modelId, text, { specialTokens }) {
    return words(text) + (specialTokens ? 1 : 0);
  },
  async countConversation(_modelId, messages, reply) {
    if (messages.some(({ role }) => role === 'tool')) throw new TokenizerError('the template knows no tools');
    return messages.reduce((sum, { content }) => sum + 1 + words(content), words(reply));
  },
  async longestToken() {
    return 100;
  },
};

/** For tests of other things: batches are in Redis alone. */
export const NO_BATCHES = new Proxy({} as Batches, {
  get() {
    throw new StoreUnavailableError();
  },
});

/** The API for one test, closed at its end. */
export async function startApp(
  t: TestContext,
  settings: Partial<ApiSettings> = {},
): Promise<{ app: FastifyInstance; jobs: MemoryJobs }> {
  const jobs = new MemoryJobs(CATALOGUE);
  const app = await buildApp({ settings: { ...SETTINGS, ...settings }, jobs, batches: NO_BATCHES, tokens: WORDS });
  t.after(() => app.close());
  return { app, jobs };
}

/** Posts an attribution. */
export function attribute(app: FastifyInstance, payload: unknown, headers: Record<string, string> = {}) {
  return attributeText(app, JSON.stringify(payload), headers);
}

/** Posts an attribution as it is written. */
export function attributeText(app: FastifyInstance, payload: string, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: '/attribute',
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** The problem of an answer, after checking that it looks like one. */
export function problemOf(response: {
  headers: Record<string, unknown>;
  statusCode: number;
  json(): Problem;
}): Problem {
  const problem = response.json();
  if (!String(response.headers['content-type']).startsWith('application/problem+json'))
    throw new Error(`no problem+json: ${response.headers['content-type']}`);
  if (problem.status !== response.statusCode)
    throw new Error(`status ${problem.status} in the body of a ${response.statusCode}`);
  if (!problem.type.startsWith('urn:whence:problem:') || problem.title === '' || problem.detail === '')
    throw new Error(JSON.stringify(problem));
  return problem;
}
