/** The pre-tokenizer UnicodeScripts: splits where the script of the characters changes, as SentencePiece's trainer does. */

import type { Range } from './patterns.ts';

/** Scripts that the Rust library knows (Unicode 9); characters of others are part of any run, as a space is. */
const SCRIPTS = (
  'Common Latin Cyrillic Greek Arabic Han Hiragana Katakana Hangul Hebrew Devanagari Inherited Thai Adlam Ahom ' +
  'Anatolian_Hieroglyphs Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi Braille ' +
  'Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Coptic Cuneiform Cypriot Deseret ' +
  'Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Gujarati Gurmukhi Hanunoo Hatran ' +
  'Imperial_Aramaic Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Kayah_Li Kharoshthi Khmer ' +
  'Khojki Khudawadi Lao Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani Malayalam Mandaic Manichaean ' +
  'Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar ' +
  'Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic Old_Persian ' +
  'Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician ' +
  'Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng ' +
  'Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Tibetan ' +
  'Tifinagh Tirhuta Ugaritic Vai Warang_Citi Yi'
)
  .split(' ')
  .map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, 'u') }));

const known = new Map<string, string | null>();

/** Name of the script; null where the character goes with any. Japanese counts as one. */
function scriptOf(character: string): string | null {
  let script = known.get(character);
  if (script === undefined) {
    script = findScript(character);
    if (known.size < 0x10000) known.set(character, script);
  }
  return script;
}

function findScript(character: string): string | null {
  if (character === ' ') return null;
  if (character === 'ー') return 'Han';
  const name = SCRIPTS.find(({ pattern }) => pattern.test(character))?.name ?? null;
  return name === 'Hiragana' || name === 'Katakana' ? 'Han' : name;
}

/** Pieces of one script each. What stands before the first character with a script is lost, as in the Rust library. */
export function splitByScript(text: string): Range[] {
  const starts: number[] = [];
  let last: string | null = null;
  let at = 0;
  for (const character of text) {
    const script = scriptOf(character);
    if (script !== null && script !== last) starts.push(at);
    last = script ?? last;
    at += character.length;
  }
  return starts.map((start, index) => [start, starts[index + 1] ?? text.length]);
}
