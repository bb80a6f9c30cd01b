/**
 * Byte-pair encoding (Sennrich et al. 2016, https://arxiv.org/abs/1508.07909): start from single symbols and keep joining the most
 * frequent neighbouring pair. Words never join across their borders, so a word's count stands for all its occurrences.
 */

export interface Bpe {
  /** Symbols by id: the given ones first, then one per merge. */
  symbols: string[];
  merges: [string, string][];
}

interface Word {
  parts: string[];
  count: number;
}

/**
 * Learns merges until there are `size` symbols, or until no pair occurs `minCount` times.
 * @param words pre-tokenized words with their counts; each is a string of single-character symbols
 * @param firstSymbols symbols that take the first ids: special tokens and the alphabet
 */
export function trainBpe(words: Map<string, number>, firstSymbols: string[], size: number, minCount = 2): Bpe {
  const symbols = [...firstSymbols];
  const known = new Set(symbols);
  const merges: [string, string][] = [];
  const corpus: Word[] = [...words].map(([word, count]) => ({ parts: [...word], count }));
  while (symbols.length < size) {
    const best = mostFrequentPair(corpus, minCount);
    if (!best) break;
    merges.push(best);
    const joined = best[0] + best[1];
    // Two different pairs can spell the same token ("a"+"bc", "ab"+"c"): it keeps one id.
    if (!known.has(joined)) symbols.push(joined);
    known.add(joined);
    for (const word of corpus) if (word.parts.length > 1) word.parts = joinPair(word.parts, best);
  }
  return { symbols, merges };
}

/** Ties go to the pair that sorts first, so that the result does not depend on the order of the corpus. */
function mostFrequentPair(corpus: Word[], minCount: number): [string, string] | null {
  const counts = new Map<string, number>();
  for (const { parts, count } of corpus) {
    for (let i = 1; i < parts.length; i++) {
      const key = `${parts[i - 1]}\n${parts[i]}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
  }
  let best = '';
  let bestCount = minCount - 1;
  for (const [key, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== '' && key < best)) [best, bestCount] = [key, count];
  }
  if (best === '') return null;
  const [left, right] = best.split('\n');
  return [left, right];
}

function joinPair(parts: string[], [left, right]: [string, string]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) joined.push(left + parts[++i]);
    else joined.push(parts[i]);
  }
  return joined;
}

/** How often each word occurs. */
export function countWords(words: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
