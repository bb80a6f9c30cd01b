/** Painting an SVG: texts stay texts, and nothing is loaded. */

import type { Painter } from './painting.ts';
import type { Picture } from './picture.ts';

const ANCHORS = { left: 'start', right: 'end', center: 'middle' };

/** The picture as an SVG document. */
export function svgOf({ width, height, paint }: Picture): string {
  const parts: string[] = [];
  paint(svgPainter(parts));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif">\n${parts.join('\n')}\n</svg>\n`
  );
}

function svgPainter(parts: string[]): Painter {
  const n = (value: number) => String(Math.round(value * 100) / 100);
  return {
    rectangle(x, y, width, height, fill) {
      parts.push(`<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}"/>`);
    },
    frame(x, y, width, height, color) {
      parts.push(
        `<rect x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="none" stroke="${color}" stroke-width="2"/>`,
      );
    },
    text(text, x, y, { size, fill, align, upward, bold, serif }) {
      const place = upward ? `transform="translate(${n(x)} ${n(y)}) rotate(-90)"` : `x="${n(x)}" y="${n(y)}"`;
      const font = `${bold ? ' font-weight="600"' : ''}${serif ? ' font-family="Georgia, serif"' : ''}`;
      parts.push(
        `<text ${place} font-size="${size}" fill="${fill}" text-anchor="${ANCHORS[align]}" dominant-baseline="central"${font}>${escaped(text)}</text>`,
      );
    },
  };
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Text for XML, which has no place for control characters. */
function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => ENTITIES[character]).replace(/[^\P{Cc}\t\n\r]/gu, '');
}
