/** Everything that a result says of itself, folded away. */

import type { ShownResult } from '../../contract/job-kinds.ts';
import { factsOf } from '../model/facts.ts';

/** @param open - whether it begins unfolded */
export function Facts({ result, open }: { result: ShownResult; open: boolean }) {
  return (
    <details class="facts" open={open}>
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
