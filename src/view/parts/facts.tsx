/** Everything that a result says of itself, folded away. */

import type { JobResult } from '../../contract/job-kinds.ts';
import { factsOf } from '../model/facts.ts';

export function Facts({ result }: { result: JobResult }) {
  return (
    <details class="facts">
      <summary>How this was computed</summary>
      <dl>
        {factsOf(result).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
    </details>
  );
}
