/** The text, shaded by what counted; whatever is pointed at is previewed, whatever is clicked is held. */

import type { TargetedKeyboardEvent, VNode } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { colorClass } from '../model/scale.ts';
import { formatSelection, type Selection } from '../model/selection.ts';
import { keyOf, type View } from '../model/state.ts';
import { type Paragraph, paragraphsOf } from '../model/text.ts';
import type { Unit } from '../model/units.ts';

export function Reading({ view }: { view: View }) {
  const frame = useRef<HTMLDivElement>(null);
  const sequence = view.sequence.value;
  const granularity = view.granularity.value;
  const paragraphs = useMemo(() => paragraphsOf(sequence, granularity), [sequence, granularity]);
  // A long text opens where the answer begins.
  useEffect(() => {
    const first = frame.current?.querySelector<HTMLElement>('.answer');
    if (frame.current && first) frame.current.scrollTop = first.offsetTop - frame.current.clientHeight * 0.6;
  }, [sequence]);

  const preview = (event: Event) => {
    if (event instanceof PointerEvent && event.pointerType === 'touch') return;
    const found = unitAt(event);
    if (found) view.hovered.value = selectionOf(found, view);
  };
  const end = () => {
    view.hovered.value = null;
  };
  const pin = (event: Event) => {
    const found = unitAt(event);
    if (found === null) return;
    const selection = selectionOf(found, view);
    const isHeld = formatSelection(selection) === formatSelection(view.pinned.value);
    view.hovered.value = null;
    view.pinned.value = isHeld ? null : selection;
    setTabStop(frame.current, found);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the events of the units within, which are buttons
    <div
      class="reading"
      ref={frame}
      onPointerOver={preview}
      onPointerLeave={end}
      onFocusIn={preview}
      onFocusOut={end}
      onClick={pin}
      onKeyDown={(event) => onKey(event, frame.current, view, pin)}
    >
      {paragraphs.map((paragraph, i) => (
        <Text key={i} paragraph={paragraph} view={view} first={i === 0} />
      ))}
    </div>
  );
}

function Text({ paragraph, view, first }: { paragraph: Paragraph; view: View; first: boolean }) {
  const { title, direction, units, template } = paragraph;
  const pieces = useRef(new Map<Unit, Drawn>());
  return (
    <div class={template ? 'turn template' : 'turn'}>
      {title && <h3 class={template ? 'hidden' : 'label'}>{title}</h3>}
      <p dir={direction}>{units.map((unit, i) => piece(unit, view, first && i === 0, pieces.current))}</p>
    </div>
  );
}

/** An element with what it was made of: where that is the same, Preact is given the same element, and passes it over. */
interface Drawn {
  className: string;
  pressed: boolean;
  element: VNode;
}

function piece(unit: Unit, view: View, stop: boolean, known: Map<Unit, Drawn>): VNode {
  const className = classOf(unit, view);
  const pressed = isPinned(unit, view);
  const drawn = known.get(unit);
  if (drawn?.className === className && drawn.pressed === pressed) return drawn.element;
  const element = <Piece key={unit.from} unit={unit} className={className} pressed={pressed} stop={stop} />;
  known.set(unit, { className, pressed, element });
  return element;
}

function isAnswer({ side, from, to }: Unit, view: View): boolean {
  const { attr_pos_start: start, attr_pos_end: end } = view.sequence.value;
  return side === 'target' && from >= start && to <= end;
}

function classOf(unit: Unit, view: View): string {
  const shading = view.shading.value.get(keyOf(unit));
  const color = shading === undefined ? 'x' : colorClass(shading.value, shading.max);
  const names = [
    'unit',
    color,
    isAnswer(unit, view) && 'answer',
    unit.special && 'special',
    isChosen(unit, view) && 'chosen',
  ];
  return names.filter(Boolean).join(' ');
}

interface PieceProps {
  unit: Unit;
  className: string;
  pressed: boolean;
  /** Whether it is reached by Tab at first. */
  stop: boolean;
}

function Piece({ unit, className, pressed, stop }: PieceProps) {
  return (
    <>
      {unit.space ? ' ' : ''}
      {/* biome-ignore lint/a11y/useSemanticElements: a button's box does not wrap with the text */}
      <span
        class={className}
        role="button"
        tabIndex={stop ? 0 : -1}
        aria-pressed={pressed}
        data-side={unit.side}
        data-from={unit.from}
        data-forced={unit.forced ? '' : undefined}
        title={unit.forced ? 'Forced: the model did not choose it' : undefined}
      >
        <bdi>{unit.text}</bdi>
      </span>
      {unit.text.endsWith('↵') ? <br /> : null}
    </>
  );
}

interface Found {
  side: Unit['side'];
  from: number;
  answer: boolean;
}

function unitAt(event: Event): Found | null {
  const element = event.target instanceof Element ? event.target.closest<HTMLElement>('.unit') : null;
  if (element === null) return null;
  const { side, from } = element.dataset;
  const answer = element.classList.contains('answer');
  return { side: side === 'source' ? 'source' : 'target', from: Number(from), answer };
}

/** What choosing a unit means: an answer's sources, or the effects of anything. */
function selectionOf({ side, from, answer }: Found, view: View): Selection {
  if (answer && view.toward.value === 'sources') return { column: from, row: null };
  return { column: null, row: { side, token: from } };
}

function isChosen(unit: Unit, view: View): boolean {
  const { row, column } = view.focus.value;
  const { rows, columns } = view.matrix.value;
  const is = (other: Unit | undefined) => other !== undefined && other.side === unit.side && other.from === unit.from;
  return (row !== null && is(rows[row]?.unit)) || (column !== null && is(columns[column]));
}

function isPinned(unit: Unit, view: View): boolean {
  const { column = null, row = null } = view.pinned.value ?? {};
  const holds = (token: number) => unit.from <= token && token < unit.to;
  return (
    (column !== null && unit.side === 'target' && holds(column)) ||
    (row !== null && unit.side === row.side && holds(row.token))
  );
}

type KeyEvent = TargetedKeyboardEvent<HTMLDivElement>;

function onKey(event: KeyEvent, frame: HTMLElement | null, view: View, pin: (event: Event) => void): void {
  if (event.key === 'Escape') {
    view.pinned.value = null;
    view.hovered.value = null;
    return;
  }
  if (event.key === 'Enter' || event.key === ' ') {
    pin(event);
    event.preventDefault();
    return;
  }
  const units = [...(frame?.querySelectorAll<HTMLElement>('.unit') ?? [])];
  const at = units.indexOf(event.target as HTMLElement);
  const moves: Record<string, number> = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: units.length - 1,
  };
  const to = moves[event.key];
  const next = to === undefined ? undefined : units[to];
  if (at < 0 || next === undefined) return;
  units[at].tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
  event.preventDefault();
}

/** One unit of the text can be reached by Tab: the one that was used last. */
function setTabStop(frame: HTMLElement | null, { side, from }: Found): void {
  for (const unit of frame?.querySelectorAll<HTMLElement>('.unit') ?? []) {
    unit.tabIndex = unit.dataset.side === side && Number(unit.dataset.from) === from ? 0 : -1;
  }
}
