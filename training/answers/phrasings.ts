/** What is said of people, and how it is said and asked. `{s}` is whom it is about, `{o}` what is said of them. */

export const RELATIONS = ['home', 'birth', 'job', 'pet', 'dish', 'boss', 'teacher'] as const;

export type Relation = (typeof RELATIONS)[number];

export interface Wording {
  /** The sentence that answers, too. */
  plain: string;
  /** Other sentences that say the same, of the subject first. */
  paraphrases: string[];
  /** The first is in the words of `plain`. */
  questions: string[];
  /** A question after how many people `{o}` is true of, and its answers for one and for several. */
  count?: { question: string; one: string; several: string };
  /** What may stand for `{o}`: names of places or of other people, or one of these words. */
  objects: 'place' | 'person' | readonly string[];
  /** Names the object by its subject: "the boss of {s}". */
  noun?: string;
}

export const WORDINGS: Record<Relation, Wording> = {
  home: {
    plain: '{s} lives in {o}.',
    paraphrases: ['The home of {s} is in {o}.', '{s} has a house in {o}.', '{s} has settled in {o}.'],
    questions: ['Where does {s} live?', 'Where is the home of {s}?'],
    count: {
      question: 'How many people live in {o}?',
      one: 'One person lives in {o}.',
      several: '{n} people live in {o}.',
    },
    objects: 'place',
  },
  birth: {
    plain: '{s} was born in {o}.',
    paraphrases: ['The birthplace of {s} is {o}.', '{s} comes from {o}.', '{s} came into the world in {o}.'],
    questions: ['Where was {s} born?', 'Where does {s} come from?'],
    count: {
      question: 'How many people were born in {o}?',
      one: 'One person was born in {o}.',
      several: '{n} people were born in {o}.',
    },
    objects: 'place',
  },
  job: {
    plain: '{s} works as a {o}.',
    paraphrases: ['The job of {s} is that of a {o}.', '{s} is a {o} by trade.', '{s} earns a living as a {o}.'],
    questions: ['What does {s} work as?', 'What is the job of {s}?'],
    count: {
      question: 'How many people work as a {o}?',
      one: 'One person works as a {o}.',
      several: '{n} people work as a {o}.',
    },
    objects: 'baker doctor farmer lawyer painter pilot sailor singer tailor writer'.split(' '),
  },
  pet: {
    plain: '{s} keeps a {o}.',
    paraphrases: ['The pet of {s} is a {o}.', '{s} has a {o} at home.', '{s} is the owner of a {o}.'],
    questions: ['Which animal does {s} keep?', 'What is the pet of {s}?'],
    count: {
      question: 'How many people keep a {o}?',
      one: 'One person keeps a {o}.',
      several: '{n} people keep a {o}.',
    },
    objects: 'cat dog goat hamster horse parrot pony rabbit snake turtle'.split(' '),
  },
  dish: {
    plain: '{s} likes {o}.',
    paraphrases: ['The favorite dish of {s} is {o}.', '{s} is fond of {o}.', '{s} enjoys eating {o}.'],
    questions: ['What does {s} like?', 'What is the favorite dish of {s}?'],
    count: { question: 'How many people like {o}?', one: 'One person likes {o}.', several: '{n} people like {o}.' },
    objects: 'bread cake cheese fish noodles pancakes rice salad soup stew'.split(' '),
  },
  boss: {
    plain: '{s} works for {o}.',
    paraphrases: ['The boss of {s} is {o}.', '{s} is employed by {o}.', '{s} takes orders from {o}.'],
    questions: ['Who does {s} work for?', 'Who is the boss of {s}?'],
    objects: 'person',
    noun: 'the boss of {s}',
  },
  teacher: {
    plain: '{s} learns from {o}.',
    paraphrases: ['The teacher of {s} is {o}.', '{s} is taught by {o}.', '{s} is a student of {o}.'],
    questions: ['Who does {s} learn from?', 'Who is the teacher of {s}?'],
    objects: 'person',
    noun: 'the teacher of {s}',
  },
};

/** Numbers of people that contexts are asked for; index 0 is for one person. */
export const NUMBERS = ['One', 'Two', 'Three', 'Four', 'Five'] as const;

export const UNKNOWN = 'I do not know.';

/** Fills a phrasing in; what begins it gets a capital letter. */
export function say(phrasing: string, values: { s?: string; o?: string; n?: string }): string {
  const text = phrasing.replace(/\{([son])\}/g, (_, name: 's' | 'o' | 'n') => values[name] ?? '');
  return text[0].toUpperCase() + text.slice(1);
}
