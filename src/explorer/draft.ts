/** A question as it is typed. */

import type { AttributeContextBody } from '../contract/attribute-context-request.ts';
import type { WireMessage } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';

/** What is asked about. */
export type About = 'text' | 'conversation' | 'documents';

export type Approach = NonNullable<AttributeContextBody['approach']>;
export type DocumentUnit = Extract<AttributeContextBody['unit'], string>;

export interface DraftDocument {
  title: string;
  text: string;
}

export interface Draft {
  model: string;
  about: About;
  input: string;
  messages: WireMessage[];
  documents: DraftDocument[];
  /** What is asked about the documents. */
  question: string;
  approach: Approach;
  documentUnit: DocumentUnit;
  /** A forced answer; empty: the model writes. */
  answer: string;
  /** Another answer to compare with; empty: none. */
  contrast: string;
  method: string;
  methodArgs: Record<string, unknown>;
  attributedFn: string;
  attributedFnArgs: Record<string, unknown>;
  stepScores: string[];
  /** How far to trust the scores. */
  metrics: string[];
  newTokens: number | null;
  alternatives: number;
  sourceLanguage: string;
  targetLanguage: string;
  attributeTarget: boolean;
}

export const DEFAULT_METHOD = 'input_x_gradient';
export const DEFAULT_FUNCTION = 'probability';
export const DEFAULT_APPROACH: Approach = 'ablation';
export const DEFAULT_UNIT: DocumentUnit = 'sentence';

/** Documents to begin with, as the demo model for them knows how to read. */
const EXAMPLE_DOCUMENTS: DraftDocument[] = [
  { title: 'Staff', text: 'Ana lives in Oslo. Ben works for Carla. Carla lives in Rome.' },
  { title: 'Visitors', text: 'Dora was born in Lima. Ben has a cat.' },
];
const EXAMPLE_QUESTION = 'Where does the boss of Ben live?';

export function emptyDraft(model: ModelInfo | null): Draft {
  const isChat = model?.chat ?? false;
  return {
    model: model?.id ?? '',
    about: model?.id.startsWith('sources') ? 'documents' : isChat ? 'conversation' : 'text',
    input: model === null || isChat ? '' : exampleOf(model),
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    documents: EXAMPLE_DOCUMENTS,
    question: EXAMPLE_QUESTION,
    approach: DEFAULT_APPROACH,
    documentUnit: DEFAULT_UNIT,
    answer: '',
    contrast: '',
    method: DEFAULT_METHOD,
    methodArgs: {},
    attributedFn: DEFAULT_FUNCTION,
    attributedFnArgs: {},
    stepScores: ['probability'],
    metrics: [],
    newTokens: null,
    alternatives: 5,
    sourceLanguage: model?.languages?.[0] ?? '',
    targetLanguage: model?.languages?.[1] ?? '',
    attributeTarget: false,
  };
}

/** A text to begin with. */
export function exampleOf({ id, architecture }: ModelInfo): string {
  if (id.startsWith('numbers')) return 'two hundred forty-three';
  return architecture === 'encoder-decoder' ? 'The book is on the table.' : 'The capital of France is';
}

/** The same question to another model: what only the old one knows is dropped, an untouched example is the new one's. */
export function withModel(draft: Draft, before: ModelInfo | null, model: ModelInfo): Draft {
  const fresh = emptyDraft(model);
  const old = emptyDraft(before);
  const untouched = draft.input === '' || (before !== null && draft.input === exampleOf(before));
  const isExample =
    draft.about === 'documents'
      ? draft.documents === old.documents && draft.question === old.question
      : draft.about === 'text' && untouched;
  const keep = (language: string, other: string) => (model.languages?.includes(language) ? language : other);
  const about = isExample ? fresh.about : draft.about;
  return {
    ...draft,
    model: model.id,
    about: about === 'conversation' && !model.chat ? fresh.about : about,
    input: untouched ? fresh.input : draft.input,
    method: model.methods.includes(draft.method) ? draft.method : DEFAULT_METHOD,
    sourceLanguage: keep(draft.sourceLanguage, fresh.sourceLanguage),
    targetLanguage: keep(draft.targetLanguage, fresh.targetLanguage),
  };
}
