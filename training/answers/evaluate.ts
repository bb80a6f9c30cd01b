/**
 * `npm run train:evaluate:answers [-- --contexts N --cited N --quantization none,int8]`: what models/sources-llama knows, and how well
 * each approach of `POST /attribute-context` finds the sentences that its answers come from. Everything runs through the engine.
 *
 * Of each context of 8 to 12 sentences with held-out names one question of each kind is asked. Truth is the set of k sentences
 * that the answer follows from: recall is the share of them among the k that rank first.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { attributeRequest, contextRequest } from '../../bench/requests.ts';
import type { AttributeContextBody } from '../../src/contract/attribute-context-request.ts';
import type { Sources } from '../../src/contract/attribute-context-result.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { seededRandom } from '../random.ts';
import { type Context, drawTest, KINDS, type Question } from './data.ts';

const MODEL = 'sources-llama';
const HOOKS = { progress: () => {}, step: () => {}, signal: new AbortController().signal };

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: `models/${MODEL}` },
    contexts: { type: 'string', default: '1000' },
    cited: { type: 'string', default: '40' },
    quantization: { type: 'string', default: 'none,int8' },
  },
});

type Test = ReturnType<typeof drawTest>;

/** Sentences of a document: a test's context is told in several. */
const OF_DOCUMENT = 4;
const TEXTS_TOGETHER = 64;

/** Kinds whose answer has true sources. */
const SOURCED = KINDS.filter((kind) => kind !== 'unknown');

/** What is compared: options of the request by the name of the approach. */
const APPROACHES: Record<string, Partial<AttributeContextBody>> = {
  ablation: { approach: 'ablation' },
  'ablation, replaced': { approach: 'ablation', perturbation: 'replace' },
  leave_one_out: { approach: 'leave_one_out' },
  'leave_one_out, Jensen-Shannon': { approach: 'leave_one_out', divergence: 'jensen_shannon' },
  'pecore, saliency': { approach: 'pecore' },
  ...Object.fromEntries(
    ['saliency', 'input_x_gradient', 'integrated_gradients', 'occlusion', 'attention', 'value_zeroing'].map(
      (method) => [`tokens, ${method}`, { approach: 'tokens' as const, method }],
    ),
  ),
};

function documentsOf({ sentences }: Context): string[] {
  const documents: string[] = [];
  for (let from = 0; from < sentences.length; from += OF_DOCUMENT) {
    documents.push(sentences.slice(from, from + OF_DOCUMENT).join(' '));
  }
  return documents;
}

/** Answers of the model, greedily, many at a time. */
async function answersTo(
  engine: Engine,
  asked: readonly { context: Context; question: Question }[],
): Promise<string[]> {
  const answers: string[] = [];
  for (let from = 0; from < asked.length; from += TEXTS_TOGETHER) {
    const request = await attributeRequest(engine.catalogue(), {
      model: MODEL,
      messages: asked
        .slice(from, from + TEXTS_TOGETHER)
        .map(({ context, question }) => [
          { role: 'user', content: [...documentsOf(context), question.text].join('\n\n') },
        ]),
      method: 'dummy',
      generation_args: { max_new_tokens: 32, do_sample: false },
    });
    const { result } = await engine.attribute(request, HOOKS);
    answers.push(...result.info.continuations.map((text) => (text ?? '').trim()));
  }
  return answers;
}

async function cite(
  engine: Engine,
  context: Context,
  question: Question,
  options: Partial<AttributeContextBody>,
): Promise<Sources> {
  const request = await contextRequest(engine.catalogue(), {
    model: MODEL,
    documents: documentsOf(context).map((text) => ({ text })),
    messages: [{ role: 'user', content: question.text }],
    generation_args: { max_new_tokens: 32, do_sample: false },
    ...options,
  });
  const { result } = await engine.attribute(request, HOOKS);
  if (result.sources === null) throw new Error('documents were given');
  return result.sources;
}

/** Share of the true units among as many that rank first; ties go to the one that comes first. */
function recall(truth: readonly number[], scores: readonly number[]): number {
  const ranked = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, truth.length);
  return truth.filter((unit) => ranked.includes(unit)).length / truth.length;
}

/** Of the true sentences, or documents that have one; tokens count for the sentence that they are in. */
function recallOf({ units, scores }: Sources, { sentences }: Context, { truth }: Question, unit: Unit): number {
  const first = scores.map(([score]) => score ?? 0);
  if (unit === 'sentence') return recall(truth, first);
  if (unit === 'document') return recall([...new Set(truth.map((k) => Math.floor(k / OF_DOCUMENT)))], first);
  const sums = sentences.map(() => 0);
  for (const [u, { document_index: document, start }] of units.entries()) {
    let [at, k] = [0, document * OF_DOCUMENT];
    while (start >= at + sentences[k].length + 1) at += sentences[k++].length + 1;
    sums[k] += first[u];
  }
  return recall(truth, sums);
}

type Unit = 'sentence' | 'token' | 'document';
const UNITS: readonly Unit[] = ['sentence', 'document', 'token'];

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
const percent = (share: number): string => (100 * share).toFixed(1);

/** The model's answers to a question of each kind about each context, by kind: the share that is right word for word. */
async function accuracy(engine: Engine, tests: readonly Test[]): Promise<void> {
  for (const kind of KINDS) {
    const asked = tests.map(({ context, questions }) => ({ context, question: questions[kind] }));
    const answers = await answersTo(engine, asked);
    const right = answers.filter((answer, i) => answer === asked[i].question.answer).length;
    console.log(`  ${kind}: ${percent(right / asked.length)} % of ${asked.length}`);
  }
}

/** Of answers that are right. */
async function sources(engine: Engine, tests: readonly Test[]): Promise<void> {
  const asked = tests.flatMap(({ context, questions }) =>
    SOURCED.map((kind) => ({ context, question: questions[kind] })),
  );
  const answers = await answersTo(engine, asked);
  const right = asked.filter(({ question }, i) => answers[i] === question.answer);
  const random = (unit: Unit): number =>
    mean(
      right.map(({ context: { sentences }, question: { truth } }) => {
        if (unit !== 'document') return truth.length / sentences.length;
        return new Set(truth.map((k) => Math.floor(k / OF_DOCUMENT))).size / Math.ceil(sentences.length / OF_DOCUMENT);
      }),
    );
  console.log(`  recall of the true units, ${right.length} answers: ${UNITS.join(' | ')}`);
  console.log(`  random: ${UNITS.map((unit) => percent(random(unit))).join(' | ')}`);
  for (const [name, options] of Object.entries(APPROACHES)) {
    const cells: string[] = [];
    for (const unit of UNITS) {
      // Every token left out in turn, or by chance, would want far more copies than a request makes.
      if (unit === 'token' && options.approach === 'ablation') {
        cells.push('');
        continue;
      }
      const found: number[] = [];
      for (const { context, question } of right) {
        const forced = { output_current_text: question.answer, unit, support_threshold: -1000 };
        found.push(recallOf(await cite(engine, context, question, { ...options, ...forced }), context, question, unit));
      }
      cells.push(percent(mean(found)));
    }
    console.log(`  ${name}: ${cells.join(' | ')}`);
  }
}

const THRESHOLDS = [0.1, 0.5, 1, 2, 3, 5];

/**
 * Whether `support` tells answers from documents from those that are not: of what the model itself answers to questions of
 * every kind, precision and recall of "unsupported" on questions whose answer is not in the context.
 */
async function support(engine: Engine, tests: readonly Test[]): Promise<void> {
  const drops: { isUnknown: boolean; drop: number }[] = [];
  for (const { context, questions } of tests) {
    for (const question of Object.values(questions)) {
      // The cheapest approach: `support` is the same with each.
      const found = await cite(engine, context, question, {
        approach: 'tokens',
        unit: 'document',
        method: 'attention',
      });
      drops.push({ isUnknown: question.kind === 'unknown', drop: found.citations[0].support ?? 0 });
    }
  }
  const unknown = drops.filter(({ isUnknown }) => isUnknown);
  console.log(
    `  support of ${drops.length} answers, ${unknown.length} to what is not in the context; threshold: precision | recall`,
  );
  for (const threshold of THRESHOLDS) {
    const flagged = drops.filter(({ drop }) => drop < threshold);
    const hits = flagged.filter(({ isUnknown }) => isUnknown).length;
    console.log(`  ${threshold}: ${percent(hits / Math.max(1, flagged.length))} | ${percent(hits / unknown.length)}`);
  }
}

const draw = (count: number, seed: number): Test[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => drawTest(random));
};

for (const quantization of values.quantization.split(',')) {
  const folder = mkdtempSync(join(tmpdir(), 'whence-answers-'));
  try {
    const modelsFile = join(folder, 'models.json');
    const path = resolve(values.model);
    writeFileSync(modelsFile, JSON.stringify({ models: [{ id: MODEL, path, quantization }] }));
    const engine = await startEngine({
      modelsFile,
      backend: 'auto',
      threads: 0,
      pool: 'default',
      memoryBudgetMb: 0,
      plugins: [],
    });
    console.log(`${quantization}:`);
    await accuracy(engine, draw(Number(values.contexts), 1_000));
    await sources(engine, draw(Number(values.cited), 2_000));
    await support(engine, draw(4 * Number(values.cited), 3_000));
    await engine.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
