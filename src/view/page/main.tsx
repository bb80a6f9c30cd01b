/**
 * The script of self-contained pages and fragments: takes the result out of the page, and puts the live view in the place
 * of the still one. A fragment moves into a shadow root, where neither its style nor that of the page around it reaches
 * the other.
 */

import { effect } from '@preact/signals';
import { render } from 'preact';
import type { ShownResult } from '../../contract/job-kinds.ts';
import { formatSelection, parseSelection } from '../model/selection.ts';
import { followTheme } from '../parts/theme.tsx';
import { Page, shownResult } from './page.tsx';

function resultIn(element: ParentNode): ShownResult | null {
  const text = element.querySelector('script[type="application/json"]')?.textContent;
  return text ? JSON.parse(text) : null;
}

class WhenceResult extends HTMLElement {
  connectedCallback(): void {
    const result = resultIn(this);
    const still = this.querySelector('.whence');
    if (result === null || still === null || this.shadowRoot !== null) return;
    const shadow = this.attachShadow({ mode: 'open' });
    shadow.append(...this.childNodes);
    still.replaceChildren();
    render(shownResult(result).element, still);
  }
}

const page = document.querySelector('.whence.page');
if (page !== null) {
  const result = resultIn(document);
  if (result !== null) {
    followTheme(null);
    const shown = shownResult(result, parseSelection(location.hash.slice(1)));
    page.replaceChildren();
    render(<Page shown={shown} />, page);
    // What is held is in the address, so that a link shows it.
    effect(() => {
      const hash = formatSelection(shown.view.pinned.value);
      if (hash !== location.hash.slice(1)) history.replaceState(null, '', hash === '' ? location.pathname : `#${hash}`);
    });
  }
} else if (customElements.get('whence-result') === undefined) {
  customElements.define('whence-result', WhenceResult);
}
