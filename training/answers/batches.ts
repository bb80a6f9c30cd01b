/** Batches of ids for train.py: a context once, and several questions after it that do not see each other. */
import type { Random } from '../random.ts';
import { type Context, drawContext, drawQuestion, drawTest, KINDS, type Kind, type Question } from './data.ts';

/** Ids of a text, without any token before or behind it. */
export type Encode = (text: string) => number[];

interface Block {
  kind: number;
  /** Question and answer, up to the token that ends the turn. */
  ids: number[];
  /** Where the answer begins in `ids`. */
  answer: number;
}

interface Row {
  prefix: number[];
  blocks: Block[];
  guides: Guide[];
}

/**
 * Where one of the model's heads is shown to look: a position of the context, or of the block's question and answer, and
 * the positions that it looks at alike. Counts are from the row's or the block's beginning.
 */
interface Guide {
  head: Head;
  block: number | null;
  query: number;
  /** Of the context, or for `bind` of the same block. */
  keys: number[];
}

/** `bind`: at an object, its subject; `look`: before a token of the answer, where it is said; `count`: all that are counted. */
type Head = 'bind' | 'look' | 'count';

const ROWS = 24;
const QUESTIONS = 6;
const MOST_SENTENCES = 12;

/** How often each kind is asked for. */
const TIMES: Record<Kind, number> = { 'one hop': 4, paraphrase: 4, 'two hops': 4, counting: 4, unknown: 3 };

/** Share of rows that have no context: nothing is known then. */
const NO_CONTEXT = 0.03;

/** The part of the training in which contexts grow to their full length. */
const GROWTH = 0.35;

/** @param progress - of the whole training: 0 at its start, 1 at its end */
export function batch(encode: Encode, random: Random, progress: number): { rows: Row[] } {
  const most = Math.min(MOST_SENTENCES, 2 + Math.floor((MOST_SENTENCES - 1) * (progress / GROWTH)));
  // Rows of a batch are of about the same length, so that little of it is padding.
  const sentences = most - random.below(Math.ceil(most / 2));
  return {
    rows: Array.from({ length: ROWS }, () => {
      const context = drawContext(random, Math.max(1, sentences - random.below(2)), false);
      const questions = Array.from({ length: QUESTIONS }, () => anyQuestion(context, random));
      if (random.next() >= NO_CONTEXT) return rowOf(encode, context, questions);
      const nothing = { ...context, facts: [], sentences: [] };
      return rowOf(
        encode,
        nothing,
        questions.map(() => drawQuestion(nothing, 'unknown', random)),
      );
    }),
  };
}

/** Held-out contexts, with a question of each kind. */
export function testBatches(encode: Encode, random: Random): { kinds: readonly string[]; batches: { rows: Row[] }[] } {
  const rows = Array.from({ length: 240 }, () => {
    const { context, questions } = drawTest(random);
    return rowOf(encode, context, Object.values(questions));
  });
  return {
    kinds: KINDS,
    batches: Array.from({ length: rows.length / ROWS }, (_, i) => ({ rows: rows.slice(i * ROWS, (i + 1) * ROWS) })),
  };
}

const URN = KINDS.flatMap((kind) => Array.from({ length: TIMES[kind] }, () => kind));

const anyQuestion = (context: Context, random: Random): Question | null =>
  drawQuestion(context, random.pick(URN), random);

function rowOf(encode: Encode, { facts, sentences }: Context, questions: (Question | null)[]): Row {
  const prefix = encode('<|user|>');
  const guides: Guide[] = [];
  // Where the object of each fact begins.
  const objects = facts.map(({ subject, object }, k) => {
    const ids = encode(sentences[k]);
    const [who, what] = [encode(subject), encode(object)];
    const last = prefix.length + find(ids, who, 0) + who.length - 1;
    const first = prefix.length + find(ids, what, last - prefix.length + 1);
    for (const m of what.keys()) guides.push({ head: 'bind', block: null, query: first + m, keys: [last] });
    prefix.push(...ids);
    return first;
  });
  const blocks: Block[] = [];
  for (const question of questions) {
    if (question === null) continue;
    const block = blocks.length;
    const asked = encode(`${question.text}<|end|><|assistant|>`);
    const ids = [...asked, ...encode(`${question.answer}<|end|>`)];
    blocks.push({ kind: KINDS.indexOf(question.kind), ids, answer: asked.length });
    const about = encode(question.about);
    const start = asked.length - 1;
    guides.push({ head: 'bind', block, query: start, keys: [find(ids, about, 0) + about.length - 1] });
    if (question.kind === 'counting') {
      // The beginning is looked at, too: its share tells how many the others are.
      guides.push({ head: 'count', block, query: start, keys: [0, ...question.truth.map((k) => objects[k])] });
      continue;
    }
    const [said] = question.truth;
    guides.push({ head: 'look', block, query: start, keys: [said === undefined ? 0 : objects[said]] });
    const source = question.truth.at(-1);
    if (source === undefined) continue;
    const [who, what] = [encode(facts[source].subject), encode(facts[source].object)];
    const last = find(ids, who, asked.length) + who.length - 1;
    const first = find(ids, what, last + 1);
    for (const m of what.keys()) {
      guides.push({ head: 'bind', block, query: first + m - 1, keys: [last] });
      guides.push({ head: 'look', block, query: first + m - 1, keys: [objects[source] + m] });
    }
  }
  return { prefix, blocks, guides };
}

/** Where `part` stands in `ids`, from `from` on. */
function find(ids: readonly number[], part: readonly number[], from: number): number {
  for (let at = from; at + part.length <= ids.length; at++) if (part.every((id, k) => ids[at + k] === id)) return at;
  throw new Error('what is said stands in its sentence');
}
