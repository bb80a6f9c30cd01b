/** What routes that give a result say of its forms and of why there is none. */
import Type from 'typebox';
import { ContextResult } from '../../contract/attribute-context-result.ts';
import { EvaluateResult } from '../../contract/evaluate.ts';
import { InseqFile } from '../../contract/inseq.ts';
import { Result } from '../../contract/result.ts';
import { ref } from '../../contract/schema.ts';
import { GONE, NOT_ACCEPTABLE, NOT_FINISHED, NOT_FOUND, TOO_LARGE } from './responses.ts';

/** Forms that are text. */
export const TEXT_CONTENT = {
  'text/csv': { schema: Type.String({ description: 'One row for each score (RFC 4180).' }) },
  'text/plain': { schema: Type.String({ description: 'Tables for a terminal.' }) },
  'text/html': { schema: Type.String({ description: 'One self-contained page.' }) },
};

export const RESULT_CONTENT = {
  'application/json': { schema: Type.Union([ref(Result), ref(ContextResult), ref(EvaluateResult), ref(InseqFile)]) },
  ...TEXT_CONTENT,
};

export const RESULT_ERRORS = {
  404: NOT_FOUND,
  406: NOT_ACCEPTABLE,
  409: NOT_FINISHED,
  410: GONE,
  413: TOO_LARGE,
};
