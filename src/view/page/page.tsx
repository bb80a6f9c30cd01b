/** What a self-contained page shows. */

import type { VNode } from 'preact';
import type { ShownResult } from '../../contract/job-kinds.ts';
import { createView } from '../model/attribution-view.ts';
import { createContextView } from '../model/context-view.ts';
import type { Selection } from '../model/selection.ts';
import type { View } from '../model/state.ts';
import { ContextResultView } from '../parts/context-result.tsx';
import { ResultView } from '../parts/result-view.tsx';
import { ThemeChoice } from '../parts/theme.tsx';

/** A result of any kind with the view of it. */
export interface Shown {
  view: View;
  element: VNode;
}

export function shownResult(result: ShownResult, selection: Selection | null = null): Shown {
  if ('kind' in result) {
    const view = createContextView(result, {}, selection);
    return { view, element: <ContextResultView view={view} /> };
  }
  const view = createView(result, {}, selection);
  return { view, element: <ResultView view={view} /> };
}

export function Page({ shown }: { shown: Shown }) {
  return (
    <>
      <header>
        <h1>Whence: which input did each part of the answer come from?</h1>
        <ThemeChoice />
      </header>
      <main>{shown.element}</main>
    </>
  );
}
