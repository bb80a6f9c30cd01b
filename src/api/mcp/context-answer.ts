/** A result about documents as an agent reads it: each sentence of the answer with what it came from. */

import Type, { type Static } from 'typebox';
import type { ContextResult } from '../../contract/attribute-context-result.ts';

export const ContextAnswer = Type.Object({
  answer: Type.String({ description: 'What was generated, or given.' }),
  citations: Type.Array(
    Type.Object({
      text: Type.String({ description: 'A sentence of the answer.' }),
      support: Type.Union([Type.Number(), Type.Null()]),
      unsupported: Type.Boolean({ description: 'Whether it does not rest on the documents: then it has no sources.' }),
      sources: Type.Array(
        Type.Object({
          document_id: Type.String(),
          start: Type.Integer({ description: "First character of the document's text." }),
          end: Type.Integer({ description: 'One past the last.' }),
          text: Type.String(),
          score: Type.Number(),
        }),
        { description: 'The strongest first.' },
      ),
    }),
  ),
});
export type ContextAnswer = Static<typeof ContextAnswer>;

export function contextAnswerOf({ sources }: ContextResult): ContextAnswer {
  if (sources === null) throw new Error('a result about documents has sources');
  return {
    answer: sources.answer,
    citations: sources.citations.map(({ text, support, unsupported, sources: found }) => ({
      text,
      support,
      unsupported,
      sources: found.map(({ document_id, start, end, text: source, score }) => ({
        document_id,
        start,
        end,
        text: source,
        score,
      })),
    })),
  };
}
