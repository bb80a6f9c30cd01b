/**
 * `npm run train:evaluate [-- --sample N]`: how well the committed models answer through the service's own engine and tokenizers,
 * quantized to int8 and not. Needs no training.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { soloDecoder } from '../src/generation/decoder-state.ts';
import { generate } from '../src/generation/generate.ts';
import { type GenerationOptions, GREEDY } from '../src/generation/options.ts';
import { type LoadedModel, loadModel } from '../src/models/load.ts';
import type { Quantization } from '../src/models/weights.ts';
import { Random } from '../src/random.ts';
import { startBackend } from '../src/tensors/backend.ts';
import { loadTokenizer, type Tokenizer } from '../src/tokenizers/tokenizer.ts';
import { makeFacts, makeQuestions } from './facts/data.ts';
import { drawPair, type Pair } from './numbers/data.ts';
import { seededRandom } from './random.ts';

/** A model with its tokenizer. */
export interface Served {
  loaded: LoadedModel;
  tokenizer: Tokenizer;
}

/** Where the committed models are. */
export const MODELS = fileURLToPath(new URL('../models/', import.meta.url));

/** Loads a committed model as the service does. */
export async function load(name: string, quantization: Quantization): Promise<Served> {
  const rule = { threshold: 6, outliers: 'row' } as const;
  const dir = `${MODELS}${name}`;
  return { loaded: await loadModel(dir, { quantization, rule }), tokenizer: loadTokenizer(dir) };
}

/** Greedy decoding until the end token; the text after the prompt. */
export async function complete({ loaded, tokenizer }: Served, prompt: string): Promise<string> {
  const targetIds = tokenizer.encode(prompt).ids;
  const options = { ...GREEDY, eosIds: loaded.generation.eosTokenIds };
  const ids = await generate(
    soloDecoder(loaded.model),
    { sourceIds: null, targetIds },
    options,
    new Random(0),
    () => {},
  );
  return tokenizer.decode(ids.slice(targetIds.length), { skipSpecialTokens: true, cleanUp: false });
}

/** Greedy translation. */
export async function translate(
  { loaded, tokenizer }: Served,
  { from, to, source }: Omit<Pair, 'target'>,
): Promise<string> {
  const { eosTokenIds, decoderStartTokenId } = loaded.generation;
  const prompt = {
    sourceIds: tokenizer.encode(source, { srcLang: from }).ids,
    targetIds: Int32Array.of(decoderStartTokenId ?? eosTokenIds[0]),
  };
  const language = tokenizer.forcedLanguageId(to);
  const forcedBosIds = language === null ? [] : [language];
  const options: GenerationOptions = { ...GREEDY, maxNewTokens: 48, eosIds: eosTokenIds, forcedBosIds };
  const ids = await generate(soloDecoder(loaded.model), prompt, options, new Random(0), () => {});
  return tokenizer.decode(ids, { skipSpecialTokens: true });
}

/** Answers of the facts model that are right, of the first `sample` questions in a random order, trained and held out. */
export async function factsScore(served: Served, sample: number, heldOut: boolean): Promise<number> {
  const random = seededRandom(1);
  const all = makeQuestions(makeFacts()).filter((question) => question.heldOut === heldOut);
  const keyed = all.map((question) => ({ question, key: random.next() })).sort((a, b) => a.key - b.key);
  let right = 0;
  const chosen = keyed.slice(0, sample);
  for (const { question } of chosen) {
    // The model may go on with a sentence about the same country.
    if ((await complete(served, question.prompt)).startsWith(` ${question.fact.answer}.`)) right++;
  }
  return right / chosen.length;
}

/** Share of `sample` texts with held-out numbers that are translated word for word. */
export async function numbersScore(served: Served, sample: number): Promise<number> {
  const random = seededRandom(43);
  let right = 0;
  for (let i = 0; i < sample; i++) {
    const pair = drawPair(random, true);
    if ((await translate(served, pair)) === pair.target) right++;
  }
  return right / sample;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { sample: { type: 'string', default: '500' } } });
  const sample = Number(values.sample);
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  console.log((await startBackend('auto')).reason);
  for (const quantization of ['none', 'int8'] as const) {
    const facts = await load('facts-gpt2', quantization);
    const [trained, heldOut] = [await factsScore(facts, sample, false), await factsScore(facts, sample, true)];
    const numbers = percent(await numbersScore(await load('numbers-m2m100', quantization), sample));
    console.log(
      `${quantization}: facts, trained phrasings ${percent(trained)}, held-out ${percent(heldOut)}; held-out numbers ${numbers}`,
    );
  }
}
