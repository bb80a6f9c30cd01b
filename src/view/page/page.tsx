/** What a self-contained page shows. */

import type { View } from '../model/state.ts';
import { ResultView } from '../parts/result-view.tsx';
import { ThemeChoice } from '../parts/theme.tsx';

export function Page({ view }: { view: View }) {
  return (
    <>
      <header>
        <h1>Whence: which input did each part of the answer come from?</h1>
        <ThemeChoice />
      </header>
      <main>
        <ResultView view={view} />
      </main>
    </>
  );
}

/** A result within another page. */
export function Embedded({ view }: { view: View }) {
  return <ResultView view={view} />;
}
