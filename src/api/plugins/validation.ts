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
    // From typed code of our own: plain JSON, and no serializer of each response's schema to be made at every start.
    fastify.setSerializerCompiler(() => JSON.stringify);
    fastify.setValidatorCompiler(({ schema, httpPart }) =>
      (httpPart === 'body' ? body : text).compile(schema as object),
    );
  },
  { name: 'validation' },
);
