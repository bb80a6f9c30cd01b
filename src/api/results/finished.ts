/** Reads results of jobs that succeeded, and says for the others why there is none. */
import { APPROACHES } from '../../contract/attribute-context-request.ts';
import type { Job } from '../../contract/job.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { ApiProblem, unknownJob } from '../problems.ts';
import type { Format } from './formats.ts';
import { isNothing, type Packed } from './packed.ts';

/**
 * The result as it is stored.
 * @throws ApiProblem 404 unknown, 409 not finished, 410 failed or canceled, 406 it has no such form
 */
export async function finishedResult(
  jobs: Pick<Jobs, 'get' | 'packedResult'>,
  id: string,
  format: Format,
): Promise<Packed> {
  const job = await jobs.get(id);
  if (job === null) throw unknownJob(id);
  if (job.status !== 'succeeded') throw noResult(job);
  checkForm(job, format);
  const result = await jobs.packedResult(id, format === 'inseq' ? 'inseq' : 'json');
  if (result === null) throw unknownJob(id); // expired between the two reads
  if (format === 'inseq' && (await isNothing(result))) {
    const detail =
      `Job ${id} attributes spans (\`target_spans\`), which Inseq has no form for, as its columns are tokens: take ` +
      '`format=json`, `csv`, `text` or `html`.';
    throw new ApiProblem('not-acceptable', 'No acceptable format', 406, detail);
  }
  return result;
}

/** @throws ApiProblem 406 where results of the job's kind have no such form */
export function checkForm({ id, kind, method }: Job, format: Format): void {
  if (kind === 'attribute') return;
  if (kind === 'evaluate') {
    if (format !== 'html' && format !== 'inseq') return;
    const why = format === 'html' ? 'has no heatmap' : 'Inseq has no form for';
    const detail = `Job ${id} compares methods, which ${why}: take \`format=json\`, \`csv\` or \`text\`.`;
    throw new ApiProblem('not-acceptable', 'No acceptable format', 406, detail);
  }
  const approach = APPROACHES.find((one) => one === method) ?? 'pecore';
  if (format !== 'inseq' || approach === 'pecore') return;
  const detail =
    `Job ${id} is about a context (${method}), which Inseq has no form for: take \`format=json\`, \`csv\`, \`text\` ` +
    'or the heatmap.';
  throw new ApiProblem('not-acceptable', 'No acceptable format', 406, detail);
}

function noResult({ id, status, progress, error }: Job): ApiProblem {
  if (status === 'failed') {
    const reason = error === null ? '' : ` ${error.message}`;
    return new ApiProblem('no-result', 'The job has no result', 410, `Job ${id} failed, so it has no result.${reason}`);
  }
  if (status === 'canceled') {
    return new ApiProblem(
      'no-result',
      'The job has no result',
      410,
      `Job ${id} was canceled, so it has no result. Submit the request again.`,
    );
  }
  const how = status === 'queued' ? 'queued' : `running (${Math.round(progress.fraction * 100)}% of ${progress.phase})`;
  return new ApiProblem(
    'not-finished',
    'The job is not finished',
    409,
    `Job ${id} is ${how}. GET /jobs/${id}/events tells when it is done.`,
  );
}
