/** The style of heatmap pages, light and dark. */

import { LEVELS } from './scale.ts';

/** Levels (of one) from which text on a color needs the other ink: of light and of dark pages. */
const INK_TURNS = { light: 0.84, dark: 0.65 };

function levels(): string {
  const rules: string[] = [];
  for (let level = 1; level <= LEVELS; level++) {
    const share = level / LEVELS;
    const light = share >= INK_TURNS.light ? 'var(--bright)' : 'var(--dark)';
    const dark = share >= INK_TURNS.dark ? 'var(--dark)' : 'var(--bright)';
    const percent = Number((share * 100).toFixed(1));
    rules.push(`.p${level},.n${level}{color:light-dark(${light},${dark})}`);
    for (const sign of ['p', 'n']) {
      rules.push(`.${sign}${level}{background:color-mix(in oklab,var(--${sign}) ${percent}%,var(--cell))}`);
    }
    rules.push(`.g${level}{background:color-mix(in oklab,var(--g) ${percent / 2}%,var(--cell))}`);
  }
  return rules.join('');
}

export const STYLE = `
:root{color-scheme:light dark;
--bright:#fffdf8;--dark:#1b1a17;
--paper:light-dark(#faf8f3,#131419);--cell:light-dark(#fffefb,#1a1c22);
--ink:light-dark(#1b1a17,#ece8df);--muted:light-dark(#6a655c,#a09b90);--rule:light-dark(#e5e0d5,#2b2e37);
--p:light-dark(oklch(.48 .175 30),oklch(.78 .16 50));--n:light-dark(oklch(.44 .13 255),oklch(.76 .12 240));
--g:light-dark(oklch(.5 .06 165),oklch(.62 .07 170));--focus:light-dark(#0b57d0,#8ab4f8);
--serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,serif;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}
:root:has(#light:checked){color-scheme:light}
:root:has(#dark:checked){color-scheme:dark}
*{box-sizing:border-box}
body{margin:0 auto;padding:2.5rem clamp(1rem,4vw,4rem) 6rem;max-width:110rem;background:var(--paper);color:var(--ink);
font:15px/1.5 var(--sans);-webkit-font-smoothing:antialiased}
header{display:flex;flex-wrap:wrap;align-items:end;justify-content:space-between;gap:1rem 3rem;margin-bottom:2rem}
h1{margin:0;font:500 clamp(1.6rem,3vw,2.3rem)/1.15 var(--serif);letter-spacing:-.01em;text-wrap:balance}
h1+p{margin:.4rem 0 0;color:var(--muted)}
h2{margin:0 0 1.2rem;font:500 1.25rem/1.3 var(--serif);text-wrap:balance}
.controls{display:flex;flex-wrap:wrap;gap:.6rem 1.2rem;align-items:center;font-size:13px;color:var(--muted)}
fieldset{display:flex;border:1px solid var(--rule);border-radius:99px;margin:0;padding:2px}
legend{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
label{cursor:pointer}
fieldset input,nav input{position:absolute;opacity:0;pointer-events:none}
fieldset label{padding:.15rem .7rem;border-radius:99px}
fieldset label:has(:checked){background:var(--ink);color:var(--paper)}
:is(fieldset,nav) label:has(:focus-visible){outline:2px solid var(--focus);outline-offset:2px}
nav{display:flex;flex-wrap:wrap;gap:.2rem;margin:0 0 2rem;border-bottom:1px solid var(--rule);max-height:9rem;overflow:auto}
nav label{padding:.45rem .9rem;color:var(--muted);border-bottom:2px solid transparent;margin-bottom:-1px;max-width:16rem;
overflow:hidden;text-overflow:ellipsis;white-space:nowrap;font-size:14px}
nav label:has(:checked){color:var(--ink);border-color:var(--ink)}
.reading{margin:0 0 2rem;padding:1.3rem 1.5rem;background:var(--cell);border:1px solid var(--rule);border-radius:12px;max-width:72rem;max-height:24rem;overflow:auto}
.reading p{margin:0;font:1.22rem/2 var(--serif);overflow-wrap:anywhere}
.reading p+p{margin-top:.5rem;padding-top:.6rem;border-top:1px dashed var(--rule)}
.reading small{display:block;font:11px/1.2 var(--sans);letter-spacing:.08em;text-transform:uppercase;color:var(--muted);margin-bottom:.2rem}
:where(.reading button){all:unset;cursor:pointer;border-bottom:2px solid var(--rule)}
:where(.reading p>:is(span,button)){padding:.1em .06em;border-radius:4px;line-height:1.15;transition:background .15s}
.reading button[data-forced]{border-bottom-style:dashed;border-color:var(--muted)}
.reading button:hover{border-color:var(--muted)}
.reading button:focus-visible{outline:2px solid var(--focus);outline-offset:1px}
.reading button[aria-pressed=true]{border-color:var(--ink);font-weight:700}
${levels()}
.legend{display:flex;align-items:center;gap:.6rem;margin:0 0 .9rem;font-size:12.5px;color:var(--muted);font-variant-numeric:tabular-nums}
.legend figcaption{margin-right:.5rem}
.strip{width:9rem;height:.7rem;border-radius:99px;box-shadow:0 0 0 1px var(--rule);background:linear-gradient(in oklab to right,var(--cell),var(--p))}
.strip.signed{background:linear-gradient(in oklab to right,var(--n),var(--cell),var(--p))}
.scroll{overflow:auto;max-height:86vh;width:fit-content;max-width:100%;border:1px solid var(--rule);border-radius:12px;background:var(--cell)}
.scroll:focus-visible{outline:2px solid var(--focus);outline-offset:2px}
table{border-collapse:separate;border-spacing:0;padding:0 .7rem .7rem 0;font-variant-numeric:tabular-nums}
caption{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
th{font-weight:400;background:var(--cell);text-align:left}
thead th{position:sticky;top:0;z-index:2;vertical-align:bottom;padding:.8rem 0 .5rem;border-bottom:1px solid var(--rule)}
thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:11rem;overflow:hidden;white-space:nowrap;margin:0 auto;padding:.15rem 0;display:block;line-height:1.2}
.upright thead th span{writing-mode:horizontal-tb;transform:none;text-align:center}
thead th[data-forced] bdi{border-inline-start:1.5px dashed var(--muted);padding-inline-start:.25em}
thead th.corner{left:0;z-index:3;padding:.8rem 1rem .5rem;font-size:12px;color:var(--muted)}
tbody th{position:sticky;left:0;z-index:1;padding:0 .8rem 0 1rem;white-space:nowrap;max-width:16rem;overflow:hidden;text-overflow:ellipsis;text-align:right;border-right:1px solid var(--rule)}
th i{color:var(--muted);font-style:normal;opacity:.65}
th small{color:var(--muted)}
.group th{position:static;text-align:left;border:0;padding:0;max-width:none}
.group span{position:sticky;left:0;display:inline-block;padding:.9rem 1rem .3rem;font-size:11px;letter-spacing:.09em;text-transform:uppercase;color:var(--muted)}
td{min-width:3.1rem;height:1.85rem;padding:0 .3rem;text-align:center;font-size:0;line-height:1;border:1px solid var(--cell);border-radius:5px;background-clip:padding-box}
.dense td{min-width:1.15rem;height:1.15rem;padding:0 1px;border-width:.5px;border-radius:3px}
.dense tbody th{font-size:12px;line-height:1.15rem}
.dense thead th{font-size:12px}
:root:has(#numbers:checked) td{font-size:11.5px}
:root:has(#numbers:checked) .dense td{min-width:2.5rem;font-size:9.5px}
td.x{background:repeating-linear-gradient(-45deg,transparent 0 5px,color-mix(in oklab,var(--rule) 45%,transparent) 5px 6px);background-clip:padding-box}
td:hover,td:focus{outline:2px solid var(--ink);outline-offset:-1px}
th.on{color:var(--ink);font-weight:650}
output{position:fixed;inset:auto 1rem 1rem auto;z-index:9;padding:.6rem 1rem;border-radius:10px;background:var(--ink);color:var(--paper);
font-size:14px;box-shadow:0 6px 24px #0004;max-width:calc(100vw - 2rem);pointer-events:none}
output:empty{display:none}
details{margin-top:2.5rem;color:var(--muted);font-size:13px}
.layers{margin-top:1.2rem}.layers .legend{margin-top:.9rem}.layers table{color:var(--ink);font-size:15px}
summary{cursor:pointer}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}
dt{color:var(--muted)}dd{margin:0;color:var(--ink);overflow-wrap:anywhere}
.note{color:var(--muted);font-size:13px;margin:0 0 .9rem}
@media (max-width:40rem){tbody th{max-width:12.5rem;padding-left:.6rem}.group span,thead th.corner{padding-left:.6rem}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media print{:root{color-scheme:light}body{padding:0;max-width:none}.controls,nav,output{display:none}section{display:block!important;break-after:page}
.scroll{overflow:visible;max-height:none;border:0}td,.reading *,.strip{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
`;

/** Shows only the section of the chosen tab. */
export function tabRules(count: number): string {
  if (count < 2) return '';
  const rules = Array.from(
    { length: count },
    (_, i) => `:root:has(#tab-${i}:checked) main>section:not(:nth-of-type(${i + 1})){display:none}`,
  );
  return `@media screen{${rules.join('')}}`;
}
