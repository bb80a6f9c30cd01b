/** What can be taken along: pictures, files, links, and the request to paste. */

import { useSignal } from '@preact/signals';
import type { Job } from '../contract/job.ts';
import { pictureOf } from '../view/model/picture.ts';
import type { View } from '../view/model/state.ts';
import { svgOf } from '../view/model/svg.ts';
import { canvasPainter, frameOf, measureOn } from '../view/parts/canvas-painter.ts';
import { urlOf } from './api.ts';
import type { Question } from './question.ts';
import { asCurl, asPython } from './snippets.ts';

/** The largest side of a canvas, and its most pixels, that browsers draw. */
const MOST_SIDE = 16_000;
const MOST_PIXELS = 120_000_000;

interface TakeAlongProps {
  view: View;
  job: Job;
  question: Question;
  /** Whether Inseq has a form for the result. */
  inseq: boolean;
}

export function TakeAlong({ view, job, question, inseq }: TakeAlongProps) {
  const said = useSignal('');
  const name = `whence-${job.id}`;
  const path = `jobs/${encodeURIComponent(job.id)}`;
  const say = (text: string) => {
    said.value = text;
  };
  const copy = async (text: string, what: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say(`${what} is in the clipboard.`);
    } catch {
      say(`The browser does not let this page copy. ${what}: ${text}`);
    }
  };
  const picture = () => {
    const canvas = document.createElement('canvas');
    return pictureOf(view, frameOf(document.documentElement), measureOn(canvas));
  };
  const base = urlOf('').replace(/\/$/, '');
  return (
    <section class="take-along" aria-label="Take it along">
      <span class="label">Save</span>
      <button type="button" class="plain" onClick={() => savePng(picture(), `${name}.png`).then(say)}>
        PNG
      </button>
      <button
        type="button"
        class="plain"
        onClick={() => save(new Blob([svgOf(picture())], { type: 'image/svg+xml' }), `${name}.svg`)}
      >
        SVG
      </button>
      <a class="plain" href={urlOf(`${path}/heatmap`)} download={`${name}.html`}>
        HTML
      </a>
      <a class="plain" href={urlOf(`${path}/result?format=csv`)} download={`${name}.csv`}>
        CSV
      </a>
      <a class="plain" href={urlOf(`${path}/result?format=json`)} download={`${name}.json`}>
        JSON
      </a>
      {inseq && (
        <a class="plain" href={urlOf(`${path}/result?format=inseq`)} download={`${name}-inseq.json`}>
          Inseq
        </a>
      )}
      <span class="label">Copy</span>
      <button type="button" class="plain" onClick={() => copy(location.href, 'The link')}>
        Link
      </button>
      {job.links.share !== undefined && (
        <button
          type="button"
          class="plain"
          onClick={() => copy(new URL(job.links.share ?? '', location.href).href, 'A link for people without a key')}
        >
          Share link
        </button>
      )}
      <button type="button" class="plain" onClick={() => copy(asCurl(base, question), 'The request for curl')}>
        curl
      </button>
      <button type="button" class="plain" onClick={() => copy(asPython(base, question), 'The request for Python')}>
        Python
      </button>
      <p class="said" role="status">
        {said.value}
      </p>
    </section>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Gives what is to be said about it. */
async function savePng({ width, height, paint }: ReturnType<typeof pictureOf>, name: string): Promise<string> {
  const ratio = [2, 1].find(
    (factor) => Math.max(width, height) * factor <= MOST_SIDE && width * height * factor ** 2 <= MOST_PIXELS,
  );
  if (ratio === undefined) {
    return `The picture would have ${width} × ${height} pixels, and a PNG has at most ${MOST_SIDE} on a side: take SVG, or fold faint rows.`;
  }
  const canvas = document.createElement('canvas');
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext('2d');
  if (context === null) return 'This browser draws no pictures: take SVG.';
  context.scale(ratio, ratio);
  paint(canvasPainter(context));
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, 'image/png'));
  if (blob === null) return 'The browser could not make the picture: take SVG.';
  save(blob, name);
  return '';
}
