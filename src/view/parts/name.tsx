/** A token in a header, with a faint dot where a space precedes it; a long one is cut off, and whole as a tooltip. */

import type { Unit } from '../model/units.ts';

const LONG = 18;

export function Name({ unit }: { unit: Unit }) {
  return (
    <bdi class={unit.special ? 'special' : ''} title={unit.text.length > LONG ? unit.text : undefined}>
      {unit.space && <i>·</i>}
      {unit.text}
    </bdi>
  );
}
