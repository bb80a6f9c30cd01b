/** The text, shaded by what counted; whatever is pointed at is previewed, whatever is clicked is held. */

import type { TargetedKeyboardEvent, VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { colorClass } from '../model/scale.ts';
import { formatSelection, type Selection } from '../model/selection.ts';
import { keyOf, type View } from '../model/state.ts';
import type { Paragraph } from '../model/text.ts';
import type { Unit } from '../model/units.ts';

interface ReadingProps {
  view: View;
  /** Left out: all of the text. */
  paragraphs?: Paragraph[];
}

export function Reading({ view, paragraphs = view.paragraphs.value }: ReadingProps) {
  const frame = useRef<HTMLDivElement>(null);
  const { text, pinned, links } = view;
  const answer = new Set(view.matrix.value.columns.map(keyOf));
  // A long text opens where the answer begins.
  useEffect(() => {
    const first = frame.current?.querySelector<HTMLElement>('.answer');
    if (frame.current && first) frame.current.scrollTop = first.offsetTop - frame.current.clientHeight * 0.6;
  }, [text.value]);
  // Where the answer stands elsewhere, what a held part of it came from is brought into sight.
  useEffect(() => {
    const strongest = links.peek()[0];
    const source = strongest && view.matrix.peek().rows[strongest.row]?.unit;
    const held = pinned.value;
    if (held === null || held.column === null || source === undefined) return;
    const unit = (side: string, from: number) =>
      frame.current?.querySelector<HTMLElement>(`.unit[data-side="${side}"][data-from="${from}"]`) ?? null;
    if (frame.current !== null && unit('target', held.column) === null)
      show(frame.current, unit(source.side, source.from));
  }, [pinned.value]);

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
  const first = paragraphs.findIndex((paragraph) => firstUnit(paragraph) !== null);
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
        <Text
          key={i}
          paragraph={paragraph}
          view={view}
          answer={answer}
          stop={i === first ? firstUnit(paragraph) : null}
        />
      ))}
    </div>
  );
}

/** Scrolls so little that an element can be seen, and the page not at all. */
function show(frame: HTMLElement, element: HTMLElement | null): void {
  if (element === null) return;
  const [top, bottom] = [element.offsetTop, element.offsetTop + element.offsetHeight];
  if (top >= frame.scrollTop && bottom <= frame.scrollTop + frame.clientHeight) return;
  frame.scrollTo({ top: top - frame.clientHeight / 3 });
}

const firstUnit = ({ pieces }: Paragraph): Unit | null =>
  pieces.find((piece): piece is Unit => typeof piece !== 'string') ?? null;

interface TextProps {
  paragraph: Paragraph;
  view: View;
  /** Keys of the units that were generated. */
  answer: ReadonlySet<string>;
  /** The unit that Tab reaches at first. */
  stop: Unit | null;
}

function Text({ paragraph, view, answer, stop }: TextProps) {
  const { title, direction, pieces, template } = paragraph;
  const known = useRef(new Map<Unit, Drawn>());
  return (
    <div class={template ? 'turn template' : 'turn'}>
      {title && <h3 class={template ? 'hidden' : 'label'}>{title}</h3>}
      <p dir={direction}>
        {pieces.map((piece) =>
          typeof piece === 'string' ? piece : element(piece, { view, answer, stop }, known.current),
        )}
      </p>
    </div>
  );
}

/** An element with what it was made of: where that is the same, Preact is given the same element, and passes it over. */
interface Drawn {
  className: string;
  pressed: boolean;
  element: VNode;
}

function element(unit: Unit, { view, answer, stop }: Omit<TextProps, 'paragraph'>, known: Map<Unit, Drawn>): VNode {
  const className = classOf(unit, view, answer);
  const pressed = isPinned(unit, view);
  const drawn = known.get(unit);
  if (drawn?.className === className && drawn.pressed === pressed) return drawn.element;
  const made = <Piece key={keyOf(unit)} unit={unit} className={className} pressed={pressed} stop={unit === stop} />;
  known.set(unit, { className, pressed, element: made });
  return made;
}

function classOf(unit: Unit, view: View, answer: ReadonlySet<string>): string {
  const shading = view.shading.value.get(keyOf(unit));
  const color = shading === undefined ? 'x' : colorClass(shading.value, shading.max);
  const names = [
    'unit',
    color,
    answer.has(keyOf(unit)) && 'answer',
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
