/** Painting on a canvas, in the fonts and colors of the page. */

import { PAGE } from '../model/colors.ts';
import type { Measure } from '../model/layout.ts';
import type { Frame, Painter } from '../model/painting.ts';

const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
const SERIF = '"Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif';
/** The width of an average character, where nothing can be measured. */
const CHARACTER_WIDTH = 7;

export function canvasPainter(context: CanvasRenderingContext2D): Painter {
  return {
    rectangle(x, y, width, height, fill) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    },
    frame(x, y, width, height, color) {
      context.strokeStyle = color;
      context.lineWidth = 2;
      context.strokeRect(x, y, width, height);
    },
    text(text, x, y, { size, fill, align, upward, bold, serif }) {
      context.fillStyle = fill;
      context.font = `${bold ? '600 ' : ''}${size}px ${serif ? SERIF : SANS}`;
      context.textAlign = align;
      context.textBaseline = 'middle';
      if (!upward) {
        context.fillText(text, x, y);
        return;
      }
      context.save();
      context.translate(x, y);
      context.rotate(-Math.PI / 2);
      context.fillText(text, 0, 0);
      context.restore();
    },
  };
}

/** Measures texts. */
export function measureOn(canvas: HTMLCanvasElement | null): Measure {
  const context = canvas?.getContext('2d', { alpha: false });
  if (!context) return (text) => text.length * CHARACTER_WIDTH;
  return (text, serif = false) => {
    context.font = `12px ${serif ? SERIF : SANS}`;
    return context.measureText(text).width;
  };
}

/** The colors around an element. */
export function frameOf(element: HTMLElement): Frame {
  const style = getComputedStyle(element);
  const scheme = style.colorScheme;
  const dark =
    scheme.includes('dark') && (!scheme.includes('light') || matchMedia('(prefers-color-scheme: dark)').matches);
  const theme = dark ? 'dark' : 'light';
  return { theme, ...PAGE[theme] };
}
