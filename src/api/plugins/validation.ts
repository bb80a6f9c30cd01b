/** Request validation: the contract's schemas, checked by Ajv. Responses are described, not validated. */
import fp from 'fastify-plugin';
import { AttributeContextBody } from '../../contract/attribute-context-request.ts';
import {
  Citation,
  ContextCues,
  ContextReliance,
  ContextResult,
  Sources,
  SourceUnit,
} from '../../contract/attribute-context-result.ts';
import { AttributeBody } from '../../contract/attribute-request.ts';
import { Batch, BatchEvent, BatchLine, BatchLineResult, BatchList } from '../../contract/batch.ts';
import {
  AggregatorInfo,
  MethodInfo,
  MetricInfo,
  ModelInfo,
  StepFunctionInfo,
  UnusableModel,
} from '../../contract/catalogue.ts';
import { EvaluateBody, EvaluateResult, MeasuredMethods } from '../../contract/evaluate.ts';
import { JobEvent, StepEvent } from '../../contract/events.ts';
import { InseqFile } from '../../contract/inseq.ts';
import { Difference, Job, JobError, JobList, Progress } from '../../contract/job.ts';
import { Problem } from '../../contract/problem.ts';
import { Quote } from '../../contract/quote.ts';
import { Result, ResultInfo, ResultSequence, ResultToken } from '../../contract/result.ts';
import { Session } from '../../contract/session.ts';
import { TargetSpan } from '../../contract/target-spans.ts';
import { UsageReport } from '../../contract/usage.ts';
import { bounded, createJsonAjv, createTextAjv } from '../../validation/ajv.ts';

const SHARED = [
  AttributeBody,
  AttributeContextBody,
  EvaluateBody,
  Progress,
  JobError,
  Difference,
  Job,
  JobList,
  Batch,
  BatchList,
  BatchLine,
  ResultToken,
  TargetSpan,
  ResultSequence,
  ResultInfo,
  Result,
  ContextCues,
  ContextReliance,
  SourceUnit,
  Citation,
  Sources,
  ContextResult,
  EvaluateResult,
  MeasuredMethods,
  BatchLineResult,
  BatchEvent,
  InseqFile,
  StepEvent,
  JobEvent,
  ModelInfo,
  UnusableModel,
  MethodInfo,
  MetricInfo,
  StepFunctionInfo,
  AggregatorInfo,
  Session,
  UsageReport,
  Quote,
  Problem,
];

export default fp(
  async (fastify) => {
    const body = createJsonAjv();
    const text = createTextAjv();
    for (const schema of SHARED) {
      fastify.addSchema(schema);
      body.addSchema(schema);
      text.addSchema(schema);
    }
    // From typed code of our own: plain JSON, and no serializer of each response's schema to be made at every start.
    fastify.setSerializerCompiler(() => JSON.stringify);
    // Errors are explained where they are answered; Fastify's own text would join them all, however many there are.
    fastify.setSchemaErrorFormatter(() => new Error('the request is not valid'));
    fastify.setValidatorCompiler<{ $ref?: string }>(({ schema, httpPart }) => {
      if (httpPart !== 'body') return text.compile(schema);
      const shared: object | undefined = fastify.getSchema(schema.$ref?.replace(/#$/, '') ?? '') ?? undefined;
      return bounded(shared ?? schema, body.compile(schema));
    });
  },
  { name: 'validation' },
);
