/** Request validation: the contract's schemas, checked by Ajv. Responses are described, not validated. */
import fp from 'fastify-plugin';
import { AttributeBody } from '../../contract/attribute-request.ts';
import { AggregatorInfo, MethodInfo, ModelInfo, StepFunctionInfo, UnusableModel } from '../../contract/catalogue.ts';
import { JobEvent, StepEvent } from '../../contract/events.ts';
import { Job, JobError, JobList, Progress } from '../../contract/job.ts';
import { Problem } from '../../contract/problem.ts';
import { Result, ResultInfo, ResultSequence, ResultToken } from '../../contract/result.ts';
import { createBodyAjv, createTextAjv } from '../validation/ajv.ts';

const SHARED = [
  AttributeBody,
  Progress,
  JobError,
  Job,
  JobList,
  ResultToken,
  ResultSequence,
  ResultInfo,
  Result,
  StepEvent,
  JobEvent,
  ModelInfo,
  UnusableModel,
  MethodInfo,
  StepFunctionInfo,
  AggregatorInfo,
  Problem,
];

export default fp(
  async (fastify) => {
    const body = createBodyAjv();
    const text = createTextAjv();
    for (const schema of SHARED) {
      fastify.addSchema(schema);
      body.addSchema(schema);
      text.addSchema(schema);
    }
    fastify.setValidatorCompiler(({ schema, httpPart }) =>
      (httpPart === 'body' ? body : text).compile(schema as object),
    );
  },
  { name: 'validation' },
);
