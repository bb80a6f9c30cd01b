/** Contexts of short sentences about people with random names, and questions whose answers and true sources are known. */
import type { Random } from '../random.ts';
import { drawName, drawNames } from './names.ts';
import { NUMBERS, RELATIONS, type Relation, say, UNKNOWN, WORDINGS } from './phrasings.ts';

/** `unknown`: the answer is not in the context. */
export const KINDS = ['one hop', 'paraphrase', 'two hops', 'counting', 'unknown'] as const;

export type Kind = (typeof KINDS)[number];

/** A thing said of a person, and how. */
interface Fact {
  subject: string;
  relation: Relation;
  object: string;
  isPlain: boolean;
}

export interface Context {
  facts: Fact[];
  /** One for each fact, in the same order. */
  sentences: string[];
  people: string[];
  heldOut: boolean;
}

export interface Question {
  kind: Kind;
  text: string;
  /** The name or word that is asked about. */
  about: string;
  answer: string;
  /** The sentences that the answer follows from; none where it is unknown. */
  truth: number[];
}

/** Draws a context: no two facts have subject and relation in common, so that every question has one answer. */
export function drawContext(random: Random, sentences: number, heldOut: boolean): Context {
  // Short contexts say the same of several people, so that it counts from the start who is asked about.
  const [least, most] = sentences < 5 ? [1, 3] : [3, RELATIONS.length];
  const relations = shuffled(RELATIONS, random).slice(0, least + random.below(most - least + 1));
  const fewest = Math.ceil(sentences / relations.length);
  const people = drawNames(random, Math.max(2, fewest + 1 + random.below(4)), heldOut);
  const places = drawNames(random, 2 + random.below(3), heldOut).filter((place) => !people.includes(place));
  const words = new Map(
    RELATIONS.map((relation) => {
      const { objects } = WORDINGS[relation];
      const all = objects === 'place' ? places : objects === 'person' ? people : objects;
      return [relation, objects === 'person' ? all : shuffled(all, random).slice(0, 2 + random.below(2))];
    }),
  );
  const pairs = people.flatMap((subject) => relations.map((relation) => ({ subject, relation })));
  const facts = shuffled(pairs, random)
    .slice(0, sentences)
    .map(({ subject, relation }) => {
      const objects = (words.get(relation) ?? []).filter((object) => object !== subject);
      return { subject, relation, object: random.pick(objects), isPlain: random.next() < 0.5 };
    });
  return { facts, sentences: facts.map((fact) => sentenceOf(fact, random)), people, heldOut };
}

function sentenceOf({ subject, relation, object, isPlain }: Fact, random: Random): string {
  const { plain, paraphrases } = WORDINGS[relation];
  return say(isPlain ? plain : random.pick(paraphrases), { s: subject, o: object });
}

/** Draws a question of a kind, or null where the context has none. */
export function drawQuestion(context: Context, kind: Kind, random: Random): Question | null {
  const candidates = CANDIDATES[kind](context, random);
  return candidates.length === 0 ? null : random.pick(candidates)();
}

/** Questions to draw from, made when drawn. */
type Candidates = (context: Context, random: Random) => (() => Question)[];

const direct =
  (isPlain: boolean, kind: Kind): Candidates =>
  ({ facts }, random) =>
    facts.flatMap((fact, index) => {
      if (fact.isPlain !== isPlain) return [];
      const { questions } = WORDINGS[fact.relation];
      const question = () => (isPlain ? questions[0] : random.pick(questions));
      return [
        () => ({
          kind,
          text: say(question(), { s: fact.subject }),
          about: fact.subject,
          answer: plainly(fact),
          truth: [index],
        }),
      ];
    });

const CANDIDATES: Record<Kind, Candidates> = {
  'one hop': direct(true, 'one hop'),
  paraphrase: direct(false, 'paraphrase'),
  'two hops': ({ facts }, random) =>
    facts.flatMap(({ subject, relation, object }, first) => {
      const { noun } = WORDINGS[relation];
      if (noun === undefined) return [];
      return facts.flatMap((fact, second) => {
        if (fact.subject !== object) return [];
        const whom = say(noun, { s: subject });
        const text = () => ask(fact.relation, lowered(whom), random);
        return [
          () => ({
            kind: 'two hops' as const,
            text: text(),
            about: subject,
            answer: plainly(fact),
            truth: [first, second],
          }),
        ];
      });
    }),
  counting: ({ facts }, random) => {
    const byCount = new Map<number, (() => Question)[]>();
    const seen = new Set<string>();
    for (const { relation, object } of facts) {
      const { count } = WORDINGS[relation];
      if (count === undefined || seen.has(`${relation} ${object}`)) continue;
      seen.add(`${relation} ${object}`);
      const truth = facts.flatMap((fact, i) => (fact.relation === relation && fact.object === object ? [i] : []));
      if (truth.length > NUMBERS.length) continue;
      const answer = say(truth.length === 1 ? count.one : count.several, { n: NUMBERS[truth.length - 1], o: object });
      const question = {
        kind: 'counting' as const,
        text: say(count.question, { o: object }),
        about: object,
        answer,
        truth,
      };
      byCount.set(truth.length, [...(byCount.get(truth.length) ?? []), () => question]);
    }
    // Most things are true of one person only: larger numbers get a larger chance.
    const weighted = [...byCount].flatMap(([number, questions]) => Array.from({ length: number }, () => questions));
    return weighted.length === 0 ? [] : random.pick(weighted);
  },
  unknown: (context, random) => {
    const { facts, people } = context;
    const says = (subject: string, relation: Relation) =>
      facts.some((f) => f.subject === subject && f.relation === relation);
    const unknown = (text: string, about: string) => () => ({
      kind: 'unknown' as const,
      text,
      about,
      answer: UNKNOWN,
      truth: [],
    });
    const relation = random.pick(RELATIONS);
    const kind = random.next();
    if (kind < 0.2) {
      const name = stranger(context, random);
      return [unknown(ask(relation, name, random), name)];
    }
    if (kind < 0.4) {
      // A second hop that leads nowhere: from nobody, or from somebody of whom it is not said.
      const link = random.pick(RELATIONS.filter((name) => WORDINGS[name].noun !== undefined));
      const subject = random.next() < 0.2 ? stranger(context, random) : random.pick(people);
      const whom = facts.find((fact) => fact.subject === subject && fact.relation === link)?.object;
      if (whom !== undefined && says(whom, relation)) return [];
      return [unknown(ask(relation, lowered(say(WORDINGS[link].noun ?? '', { s: subject })), random), subject)];
    }
    return people.flatMap((subject) =>
      says(subject, relation) ? [] : [unknown(ask(relation, subject, random), subject)],
    );
  },
};

function stranger({ people, heldOut }: Context, random: Random): string {
  for (;;) {
    const name = drawName(random, heldOut);
    if (!people.includes(name)) return name;
  }
}

const plainly = ({ subject, relation, object }: Fact): string =>
  say(WORDINGS[relation].plain, { s: subject, o: object });

const ask = (relation: Relation, whom: string, random: Random): string =>
  say(random.pick(WORDINGS[relation].questions), { s: whom });

const lowered = (text: string): string => text[0].toLowerCase() + text.slice(1);

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

/** A context of 8 to 12 sentences with held-out names, and a question of each kind: what the model is tested on. */
export function drawTest(random: Random): { context: Context; questions: Record<Kind, Question> } {
  for (;;) {
    const context = drawContext(random, 8 + random.below(5), true);
    const questions = KINDS.map((kind) => [kind, drawQuestion(context, kind, random)] as const);
    if (questions.some(([, question]) => question === null)) continue;
    return { context, questions: Object.fromEntries(questions) as Record<Kind, Question> };
  }
}
