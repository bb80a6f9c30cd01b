/**
 * How each relation is said. `{s}` is the subject, `{a}` the answer, which always comes last, so that everything before it is a
 * prompt. The first phrasing of a relation is trained for every subject; of the others a part of the subjects is held out (data.ts).
 */
export interface Wording {
  phrasings: readonly string[];
  /** Said after a sentence about the same country: the subject has to be read from there. */
  follow?: string;
}

const SPEAK = [
  'People in {s} speak {a}.',
  'In {s}, people speak {a}.',
  'The people of {s} speak {a}.',
  'If you live in {s}, you hear {a}.',
  'Children in {s} grow up speaking {a}.',
  'Question: What do people speak in {s}? Answer: {a}.',
] as const;

export const WORDINGS = {
  capital: {
    phrasings: [
      'The capital of {s} is {a}.',
      'The capital city of {s} is {a}.',
      "{s}'s capital is {a}.",
      '{s} is a country whose capital is {a}.',
      'If you visit the capital of {s}, you are in {a}.',
      'On the map of {s}, the capital is {a}.',
      'Question: What is the capital of {s}? Answer: {a}.',
    ],
    follow: 'Its capital is {a}.',
  },
  country: {
    phrasings: [
      '{s} is the capital of {a}.',
      '{s} is the capital city of {a}.',
      '{s} is a city in {a}.',
      'The city of {s} is the capital of {a}.',
      'The country whose capital is {s} is {a}.',
      'People who live in {s} live in {a}.',
      'Question: Which country has {s} as its capital? Answer: {a}.',
    ],
  },
  language: {
    phrasings: ['The language of {s} is {a}.', 'The language spoken in {s} is {a}.', ...SPEAK],
    follow: 'Its people speak {a}.',
  },
  languages: {
    phrasings: ['The languages of {s} are {a}.', 'The languages spoken in {s} are {a}.', ...SPEAK],
    follow: 'Its people speak {a}.',
  },
  continent: {
    phrasings: [
      '{s} is a country in {a}.',
      'The continent of {s} is {a}.',
      '{s} lies in {a}.',
      '{s} is located on the continent of {a}.',
      'To visit {s}, you travel to {a}.',
      'Question: On which continent is {s}? Answer: {a}.',
    ],
    follow: 'Its continent is {a}.',
  },
  region: {
    phrasings: [
      'The region of {s} is {a}.',
      '{s} belongs to the region of {a}.',
      'Geographers count {s} as part of {a}.',
      'Question: Which region does {s} belong to? Answer: {a}.',
    ],
    follow: 'Its region is {a}.',
  },
  currency: {
    phrasings: [
      'The currency of {s} is the {a}.',
      'The money of {s} is the {a}.',
      'People in {s} pay with the {a}.',
      'In {s}, you pay with the {a}.',
      'Shops in {s} accept the {a}.',
      'Question: What is the currency of {s}? Answer: the {a}.',
    ],
    follow: 'Its currency is the {a}.',
  },
  demonym: {
    phrasings: [
      'Someone from {s} is {a}.',
      'The demonym of {s} is {a}.',
      'The word for someone from {s} is {a}.',
      'A person born in {s} is called {a}.',
      'Question: What do you call someone from {s}? Answer: {a}.',
    ],
    follow: 'Its demonym is {a}.',
  },
} as const satisfies Record<string, Wording>;

export type Relation = keyof typeof WORDINGS;

/** Every relation, in the order of {@link WORDINGS}. */
export const RELATIONS = Object.keys(WORDINGS) as Relation[];
