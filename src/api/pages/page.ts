/** The frame of the few pages that the API writes itself: sign-in and problems. One file, no script, light and dark. */

import type { FastifyReply } from 'fastify';
import { PAGE } from '../../view/model/colors.ts';

/** Nothing is loaded, and forms lead back here. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const colors = (theme: keyof typeof PAGE): string =>
  Object.entries(PAGE[theme])
    .map(([name, color]) => `--${name}:${color}`)
    .join(';');

const STYLE = `:root{color-scheme:light dark;${colors('light')};--serif:"Iowan Old Style","Palatino Linotype",Palatino,Georgia,"Noto Serif",serif}
@media(prefers-color-scheme:dark){:root{${colors('dark')}}}
*{box-sizing:border-box}body{margin:0;padding:12vh clamp(1rem,6vw,4rem) 3rem;background:var(--paper);color:var(--ink);
font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}main{max-width:34rem;margin:0 auto}
h1{margin:0 0 1rem;font:400 2.1rem/1.2 var(--serif)}p{margin:.75rem 0;overflow-wrap:anywhere}.muted{color:var(--muted);font-size:.875rem}
a{color:inherit;text-underline-offset:.2em}label{display:block;margin:1.75rem 0 .4rem;font-weight:600}
input{width:100%;padding:.65rem .8rem;font:inherit;color:inherit;background:var(--cell);border:1px solid var(--muted);border-radius:.5rem}
button{margin-top:1.1rem;padding:.65rem 1.5rem;font:inherit;font-weight:600;color:var(--onAccent);background:var(--accent);border:1px solid transparent;border-radius:2rem;cursor:pointer}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px}.error{color:var(--wrong);border-left:.2rem solid;padding-left:.75rem}`;

/** Text as HTML shows it. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** @param body - HTML of the page's main part */
export function sendPage(reply: FastifyReply, title: string, body: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .send(
      '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
        `<title>${escaped(title)} · Whence</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>\n`,
    );
}
