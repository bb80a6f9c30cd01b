/** The explorer: a page on which the service is asked, and its answers are looked at. */

import { render } from 'preact';
import { followTheme } from '../view/parts/theme.tsx';
import { App } from './app.tsx';

followTheme('whence-theme');
const root = document.querySelector('#explorer');
if (root !== null) {
  root.replaceChildren();
  render(<App />, root);
}
