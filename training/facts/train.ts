/** `npm run train:facts [-- --steps N --out DIR]`: trains the facts model and writes it, with what it knows, to models/facts-gpt2. */
import { parseArgs } from 'node:util';
import { startBackend } from '../../src/tensors/backend.ts';
import { saveCheckpoint } from '../checkpoint.ts';
import { fit } from '../fit.ts';
import { gpt2Logits, initGpt2 } from '../gpt2.ts';
import { crossEntropy, dropout } from '../layers.ts';
import { seededRandom } from '../random.ts';
import { makeFacts, makeQuestions, type Question } from './data.ts';
import { answered, CONFIG, drawRows, encoderOf, trainTokenizer } from './model.ts';
import { RELATIONS } from './phrasings.ts';

const SEED = 42;
const ROWS = 16;

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '5000' }, out: { type: 'string', default: 'models/facts-gpt2' } },
});
const totalSteps = Number(values.steps);
const report = (line: string) => console.log(line);

const backend = await startBackend('auto');
report(`backend ${backend.name} ${backend.version}: ${backend.reason}`);

const facts = makeFacts();
const questions = makeQuestions(facts);
const tokenizer = trainTokenizer(facts, CONFIG.vocab_size, SEED);
const encode = encoderOf(tokenizer);
report(`${facts.length} countries, ${facts.flat().length} facts, ${questions.length} questions`);

const random = seededRandom(SEED);
const parameters = initGpt2(CONFIG, random);
const drop = dropout(CONFIG.resid_pdrop, random);
const started = performance.now();
fit(
  parameters,
  () => {
    const rows = drawRows(facts, encode, ROWS, CONFIG.n_positions, random);
    const logits = gpt2Logits(
      CONFIG,
      parameters,
      rows.map((row) => row.slice(0, -1)),
      drop,
    );
    return crossEntropy(
      logits,
      rows.flatMap((row) => row.slice(1)),
    );
  },
  { learningRate: 2e-3, weightDecay: 0.05, warmupSteps: Math.min(200, totalSteps / 4), totalSteps, report },
);
report(`trained in ${Math.round((performance.now() - started) / 1000)} s`);

const { bos_token_id, eos_token_id } = CONFIG;
await saveCheckpoint(values.out, {
  config: CONFIG,
  generationConfig: { bos_token_id, eos_token_id },
  parameters,
  tokenizer,
});
report(`wrote ${values.out}`);

const right = answered(CONFIG, parameters, encode, questions);
const percent = (wanted: (question: Question) => boolean): string => {
  const chosen = right.filter((_, i) => wanted(questions[i]));
  return `${((100 * chosen.filter(Boolean).length) / chosen.length).toFixed(1)}% of ${chosen.length}`;
};
report(
  'answers by greedy decoding, word for word: in phrasings trained for the subject | in phrasings held out for it',
);
for (const relation of RELATIONS) {
  const of = (heldOut: boolean) => percent((q) => q.fact.relation === relation && q.heldOut === heldOut);
  report(`${relation.padEnd(10)} ${of(false)} | ${of(true)}`);
}
report(`${'all'.padEnd(10)} ${percent((q) => !q.heldOut)} | ${percent((q) => q.heldOut)}`);
