/** The frame of the few pages that the API writes itself: sign-in and problems. One file, no script, light and dark. */

import type { FastifyReply } from 'fastify';

/** Nothing is loaded, and forms lead back here. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const STYLE = `:root{color-scheme:light dark;--ink:#1c1b1a;--muted:#5c5853;--ground:#faf9f7;--card:#fff;--line:#d9d5cf;--accent:#0b5cad}
@media(prefers-color-scheme:dark){:root{--ink:#edeae6;--muted:#b3ada5;--ground:#171615;--card:#211f1e;--line:#45413d;--accent:#8ec2f7}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);
color:var(--ink);font:1rem/1.55 system-ui,sans-serif}main{width:100%;max-width:34rem;background:var(--card);border:1px solid var(--line);
border-radius:.75rem;padding:2rem}h1{margin:0 0 .75rem;font-size:1.35rem;line-height:1.3}p{margin:.75rem 0;overflow-wrap:anywhere}
.muted{color:var(--muted);font-size:.9rem}a{color:var(--accent)}label{display:block;margin:1.25rem 0 .35rem;font-weight:600}
input{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--muted);border-radius:.4rem}
button{margin-top:1rem;padding:.6rem 1.2rem;font:inherit;font-weight:600;color:var(--card);background:var(--accent);border:0;border-radius:.4rem;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}.error{border-left:.25rem solid #b3261e;padding-left:.75rem}
@media(forced-colors:active){button{border:1px solid}}`;

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
