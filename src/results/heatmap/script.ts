/**
 * The script of heatmap pages: it reads only the page's own table, so that nothing of a request is ever part of it.
 * Without it the page still shows every number; it adds the line that tells what a cell says, the arrow keys, and the
 * coloring of the text by a chosen token.
 */
export const SCRIPT = `
'use strict';
const output = document.querySelector('output');
let marked = [];
const say = (cell) => {
  for (const header of marked) header.classList.remove('on');
  marked = [];
  output.textContent = '';
  if (!cell || !cell.textContent) return;
  const row = cell.parentElement.cells[0];
  const column = cell.closest('table').tHead.rows[0].cells[cell.cellIndex];
  marked = [row, column];
  for (const header of marked) header.classList.add('on');
  output.textContent = row.textContent.trim() + ' \\u2192 ' + column.textContent.trim() + '   ' + cell.textContent
    + ('own' in row.parentElement.dataset ? '' : cell.closest('table').dataset.unit || '');
};
const cellOf = (event) => event.target instanceof Element ? event.target.closest('td') : null;
document.addEventListener('pointerover', (event) => {
  say(cellOf(event));
  // A long token is cut off in its header: the whole of it shows as a tooltip.
  const header = event.target instanceof Element ? event.target.closest('tr:not(.group) th') : null;
  if (header && !header.title) header.title = header.textContent;
});
document.addEventListener('focusin', (event) => say(cellOf(event)));
const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
document.addEventListener('keydown', (event) => {
  const cell = cellOf(event);
  const move = MOVES[event.key];
  if (event.key === 'Escape') say(null);
  if (!cell || !move) return;
  const rows = [...cell.closest('table').querySelectorAll('tbody tr:not(.group)')];
  let row = rows.indexOf(cell.parentElement) + move[0];
  let column = cell.cellIndex + move[1];
  for (; rows[row] && rows[row].cells[column]; row += move[0], column += move[1]) {
    const next = rows[row].cells[column];
    if (next.tagName !== 'TD' || !next.textContent) continue;
    cell.removeAttribute('tabindex');
    next.tabIndex = 0;
    next.focus();
    break;
  }
  event.preventDefault();
});
for (const section of document.querySelectorAll('section')) {
  const buttons = [...section.querySelectorAll('.reading button')];
  const tokens = [...section.querySelectorAll('.reading [data-k]')];
  const maps = [...section.querySelectorAll('.layers')];
  const rows = new Map([...section.querySelectorAll('tr[data-k]')].map((row) => [row.dataset.k, row]));
  const choose = (button) => {
    for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
    for (const token of tokens) {
      const row = rows.get(token.dataset.k);
      const cell = row && row.cells[1 + Number(button.dataset.c)];
      token.className = cell && cell.className !== 'x' ? cell.className : '';
    }
  };
  for (const button of buttons) {
    for (const kind of ['pointerenter', 'focus', 'click']) button.addEventListener(kind, () => choose(button));
    button.addEventListener('click', () => {
      for (const [at, map] of maps.entries()) map.open = at === Number(button.dataset.c);
    });
  }
  const first = buttons.find((button) => !('forced' in button.dataset)) || buttons[0];
  if (first) choose(first);
}
`;
