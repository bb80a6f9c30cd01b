/** A finished job together with its result, as bytes: results are sent as they were stored, never parsed. */
import type { Job } from '../../contract/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';

const NULL = Buffer.from('null');

/** JSON of `job` with its `result`, which is null where the job did not succeed. */
export async function withResult(jobs: Jobs, job: Job): Promise<Buffer> {
  const result = job.status === 'succeeded' ? await jobs.result(job.id, 'json') : null;
  const head = JSON.stringify(job).slice(0, -1); // without the closing brace
  return Buffer.concat([Buffer.from(`${head},"result":`), result ?? NULL, Buffer.from('}')]);
}
