/** The same sentences in seven languages. `{a}` and `{b}` are numbers in words; a line has the languages in the order of {@link LANGUAGES}. */
export const LANGUAGES = ['en', 'fr', 'de', 'es', 'it', 'pt', 'nl'] as const;

export type Language = (typeof LANGUAGES)[number];

/** One entry per sentence. The first is the bare number. In the comparisons `{a}` is the greater or the smaller one, as they say. */
export const SENTENCES: readonly (readonly string[])[] = [
  ['{a}', '{a}', '{a}', '{a}', '{a}', '{a}', '{a}'],
  [
    'The answer is {a}.',
    'La réponse est {a}.',
    'Die Antwort ist {a}.',
    'La respuesta es {a}.',
    'La risposta è {a}.',
    'A resposta é {a}.',
    'Het antwoord is {a}.',
  ],
  [
    'I count to {a}.',
    "Je compte jusqu'à {a}.",
    'Ich zähle bis {a}.',
    'Cuento hasta {a}.',
    'Conto fino a {a}.',
    'Conto até {a}.',
    'Ik tel tot {a}.',
  ],
  [
    'Page {a} is missing.',
    'La page {a} manque.',
    'Seite {a} fehlt.',
    'Falta la página {a}.',
    'Manca la pagina {a}.',
    'Falta a página {a}.',
    'Pagina {a} ontbreekt.',
  ],
  [
    'Can you write {a}?',
    'Peux-tu écrire {a} ?',
    'Kannst du {a} schreiben?',
    '¿Puedes escribir {a}?',
    'Puoi scrivere {a}?',
    'Podes escrever {a}?',
    'Kun je {a} schrijven?',
  ],
  [
    'Yesterday I read page {a}.',
    "Hier, j'ai lu la page {a}.",
    'Gestern habe ich Seite {a} gelesen.',
    'Ayer leí la página {a}.',
    'Ieri ho letto la pagina {a}.',
    'Ontem li a página {a}.',
    'Gisteren heb ik pagina {a} gelezen.',
  ],
  [
    'Not {a}, but {b}.',
    'Pas {a}, mais {b}.',
    'Nicht {a}, sondern {b}.',
    'No {a}, sino {b}.',
    'Non {a}, ma {b}.',
    'Não {a}, mas {b}.',
    'Niet {a}, maar {b}.',
  ],
  [
    '{a} is greater than {b}.',
    '{a} est plus grand que {b}.',
    '{a} ist größer als {b}.',
    '{a} es mayor que {b}.',
    '{a} è maggiore di {b}.',
    '{a} é maior que {b}.',
    '{a} is groter dan {b}.',
  ],
  [
    '{a} is less than {b}.',
    '{a} est plus petit que {b}.',
    '{a} ist kleiner als {b}.',
    '{a} es menor que {b}.',
    '{a} è minore di {b}.',
    '{a} é menor que {b}.',
    '{a} is kleiner dan {b}.',
  ],
];

/** What German, Dutch and Italian join their number words with, or at. A group, so that splitting keeps it. */
export const JOINTS = new RegExp(
  [
    '(hundert|tausend|und(?=\\p{L}{4})',
    'honderd|duizend|ën|en(?=(?:twin|der|veer|vijf|zes|zeven|tach|negen)tig)',
    'cento(?!s$)|mila|(?:vent|trent|(?:quar|cinqu|sess|sett|ott|nov)ant)[ia]?(?=uno|due|tr[eé]|quattro|cinque|sei|sette|otto|nove))',
  ].join('|'),
  'u',
);
