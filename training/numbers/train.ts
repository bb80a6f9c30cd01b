/** `npm run train:numbers [-- --steps N --out DIR]`: trains the translation model and writes it, with what it can, to models/numbers-m2m100. */
import { parseArgs } from 'node:util';
import { startBackend } from '../../src/tensors/backend.ts';
import { saveCheckpoint } from '../checkpoint.ts';
import { fit } from '../fit.ts';
import { crossEntropy, dropout } from '../layers.ts';
import { initM2m100, m2m100Logits } from '../m2m100.ts';
import { seededRandom } from '../random.ts';
import { drawPair } from './data.ts';
import { CONFIG, drawBatches, type Example, encoderOf, padded, trainTokenizer, translated } from './model.ts';
import { LANGUAGES } from './phrasings.ts';

const SEED = 42;
const ROWS = 64;
/** Target language of requests that name none. */
const DEFAULT_TARGET = 'fr';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '3000' }, out: { type: 'string', default: 'models/numbers-m2m100' } },
});
const totalSteps = Number(values.steps);
const report = (line: string) => console.log(line);

const backend = await startBackend('auto');
report(`backend ${backend.name} ${backend.version}: ${backend.reason}`);

const tokenizer = trainTokenizer(CONFIG.vocab_size, SEED);
const encode = encoderOf(tokenizer);
const random = seededRandom(SEED);
const parameters = initM2m100(CONFIG, random);
const drop = dropout(CONFIG.dropout, random);
const waiting: Example[][] = [];
const started = performance.now();
fit(
  parameters,
  () => {
    if (waiting.length === 0) waiting.push(...drawBatches(encode, 16, ROWS, random));
    const { source, target, wanted } = padded(waiting.pop() ?? []);
    return crossEntropy(m2m100Logits(CONFIG, parameters, source, target, drop), wanted.flat());
  },
  { learningRate: 2e-3, weightDecay: 0.01, warmupSteps: Math.min(300, totalSteps / 4), totalSteps, report },
);
report(`trained in ${Math.round((performance.now() - started) / 1000)} s`);

const { bos_token_id, pad_token_id, eos_token_id, decoder_start_token_id } = CONFIG;
// Without a tgt_lang the model would have to guess its first token.
const [, forced_bos_token_id] = encode({ from: 'en', to: DEFAULT_TARGET, source: '', target: '' }).target;
await saveCheckpoint(values.out, {
  config: CONFIG,
  generationConfig: {
    bos_token_id,
    pad_token_id,
    eos_token_id,
    decoder_start_token_id,
    forced_bos_token_id,
    max_length: 64,
  },
  parameters,
  tokenizer,
});
report(`wrote ${values.out}`);

const PER_CELL = 100;
report(
  `held-out numbers translated word for word by greedy decoding, % of about ${PER_CELL} texts; row: from, column: to`,
);
const testRandom = seededRandom(SEED + 1);
const tests = Array.from({ length: PER_CELL * LANGUAGES.length * (LANGUAGES.length - 1) }, () =>
  drawPair(testRandom, true),
);
const right = translated(CONFIG, parameters, tests.map(encode));
const percent = (from?: string, to?: string): string => {
  const cell = right.filter((_, i) => (from ?? tests[i].from) === tests[i].from && (to ?? tests[i].to) === tests[i].to);
  return cell.length ? ((100 * cell.filter(Boolean).length) / cell.length).toFixed(1) : '';
};
report(['', ...LANGUAGES, 'all'].join('\t'));
for (const from of [...LANGUAGES, undefined]) {
  report([from ?? 'all', ...[...LANGUAGES, undefined].map((to) => percent(from, to))].join('\t'));
}
