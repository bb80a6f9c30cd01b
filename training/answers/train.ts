/**
 * `npm run train:answers [-- --steps N --out DIR --python PYTHON]`: trains the model that answers from its context and writes it
 * to models/sources-llama. What it reads is made here; train.py, which needs PyTorch, fits the weights.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Tokenizer } from '@huggingface/tokenizers';
import { seededRandom } from '../random.ts';
import { batch, type Encode, testBatches } from './batches.ts';
import { CONFIG, GENERATION } from './config.ts';
import { answersTokenizer } from './tokenizer.ts';

const SEED = 42;
const MOST_KNOWN = 100_000;

const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '1000' },
    out: { type: 'string', default: 'models/sources-llama' },
    python: { type: 'string', default: 'python3' },
    resume: { type: 'string' },
  },
});
const steps = Number(values.steps);
const { tokenizer, config } = answersTokenizer(CONFIG.vocab_size, CONFIG.max_position_embeddings);
await mkdir(values.out, { recursive: true });
const write = (name: string, value: object, indent?: number) =>
  writeFile(join(values.out, name), `${JSON.stringify(value, null, indent)}\n`);
await write('config.json', CONFIG, 2);
await write('generation_config.json', GENERATION, 2);
await write('tokenizer.json', tokenizer);
await write('tokenizer_config.json', config, 2);
const library = new Tokenizer(tokenizer, config);
/** No token crosses the border of a word, and the words of a context come again and again. */
const WORDS = /<\|\w+\|>|\w+|[^\s\w]/g;
let known = new Map<string, number[]>();
const encodeWord: Encode = (word) => {
  const ids = known.get(word) ?? library.encode(word, { add_special_tokens: false }).ids;
  if (known.size > MOST_KNOWN) known = new Map();
  known.set(word, ids);
  return ids;
};
const encode: Encode = (text) => (text.match(WORDS) ?? []).flatMap(encodeWord);

const script = new URL('train.py', import.meta.url).pathname;
const resume = values.resume === undefined ? [] : ['--resume', values.resume];
const python = spawn(values.python, [script, '--steps', `${steps}`, '--out', values.out, ...resume], {
  stdio: ['pipe', 'inherit', 'inherit'],
});
const exited = once(python, 'exit');
python.stdin.on('error', () => {}); // It has ended; its exit code says how.
const send = async (line: object): Promise<void> => {
  if (!python.stdin.write(`${JSON.stringify(line)}\n`)) await Promise.race([once(python.stdin, 'drain'), exited]);
};
await send(testBatches(encode, seededRandom(SEED + 1)));
const random = seededRandom(SEED);
for (let step = 0; step < steps && python.exitCode === null; step++) await send(batch(encode, random, step / steps));
python.stdin.end();
const [code] = await exited;
process.exitCode = code ?? 1;
