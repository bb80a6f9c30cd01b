/** A token in a header, with a faint dot where a space precedes it. */

import type { Unit } from '../model/units.ts';

export function Name({ unit }: { unit: Unit }) {
  return (
    <bdi class={unit.special ? 'special' : ''}>
      {unit.space && <i>·</i>}
      {unit.text}
    </bdi>
  );
}
