/** All scores: a table where it is small, a canvas that draws what is on screen where it is large. */

import { faintShare, type View } from '../model/state.ts';
import { Legend } from './legend.tsx';
import { MatrixCanvas } from './matrix-canvas.tsx';
import { MatrixTable } from './matrix-table.tsx';
import { Readout } from './sentence.tsx';

/** Cells up to which a table is made. */
const TABLE_CELLS = 1_500;

export function MatrixPanel({ view }: { view: View }) {
  const matrix = view.shownMatrix.value;
  const hidden = view.matrix.value.rows.length - matrix.rows.length;
  const isLarge = matrix.values.length > TABLE_CELLS;
  return (
    <div class="panel-body">
      <div class="panel-head">
        <Legend view={view} />
        <Readout view={view} />
      </div>
      {isLarge ? <MatrixCanvas view={view} /> : <MatrixTable view={view} />}
      {hidden > 0 && (
        <p class="note">
          {hidden === 1 ? 'One row is' : `${hidden} rows are`} folded that never {hidden === 1 ? 'reaches' : 'reach'}{' '}
          {Number((faintShare(view.matrix.value) * 100).toPrecision(2))} %.{' '}
          <button
            type="button"
            class="link"
            onClick={() => {
              view.fold.value = false;
            }}
          >
            Show all
          </button>
        </p>
      )}
    </div>
  );
}
