/**
 * Inseq's files of many lines as one file: the texts of their infos and their sequences are strung together as text, so
 * that no file is parsed or held as a whole. The layout is that of `toInseqJson`.
 */

/** What stands between info and sequences, and behind the sequences. JSON holds no line ends within texts. */
const MIDDLE = ',\n        "sequence_attributions": [\n';
const END = '\n        ],\n        "step_attributions": null\n    }\n}';

/** What is told of a run; names are Inseq's. */
type Info = Record<string, unknown> & { input_texts?: string[]; generated_texts?: string[]; exec_time?: number };

/** The info of a file. Reads no further than it reaches. */
async function inseqInfoOf(file: AsyncIterable<Buffer>): Promise<Info> {
  const [head] = await splitHead(file);
  const { attributes }: { attributes: { info: Info } } = JSON.parse(`${head}}}`);
  return attributes.info;
}

/** The sequences of a file, as text: the elements of a list. */
async function* inseqSequencesOf(file: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const [, rest] = await splitHead(file);
  let held = '';
  for await (const piece of rest) {
    held += piece;
    if (held.length <= END.length) continue;
    yield held.slice(0, -END.length);
    held = held.slice(-END.length);
  }
  if (held !== END) throw new Error("a file of Inseq's does not end as it is written");
}

async function splitHead(file: AsyncIterable<Buffer>): Promise<[head: string, rest: AsyncIterable<string>]> {
  const decoder = new TextDecoder();
  const pieces = file[Symbol.asyncIterator]();
  let head = '';
  for (;;) {
    const piece = await pieces.next();
    if (piece.done) throw new Error("a file of Inseq's has no sequences");
    head += decoder.decode(piece.value, { stream: true });
    const at = head.indexOf(MIDDLE);
    if (at < 0) continue;
    const first = head.slice(at + MIDDLE.length);
    const rest = async function* (): AsyncGenerator<string> {
      yield first;
      for await (const later of { [Symbol.asyncIterator]: () => pieces }) yield decoder.decode(later, { stream: true });
    };
    return [head.slice(0, at), rest()];
  }
}

/**
 * The file of a whole data set, in pieces. Its info is that of the first line, with the texts of all and their time.
 * @param files - gives the files of all lines, again each time
 */
export async function* inseqDataset(files: () => AsyncIterable<AsyncIterable<Buffer>>): AsyncGenerator<string> {
  let shared: Info = {};
  let seconds = 0;
  yield '{"__instance_type__": ["inseq.data.attribution", "FeatureAttributionOutput"], "attributes": {"info": {"input_texts": [';
  let separator = '';
  for await (const file of files()) {
    const { input_texts: texts = [], generated_texts: _, exec_time: time = 0, ...info } = await inseqInfoOf(file);
    if (separator === '' && seconds === 0) shared = info;
    seconds += time;
    for (const text of texts) {
      yield `${separator}${JSON.stringify(text)}`;
      separator = ', ';
    }
  }
  yield '], "generated_texts": [';
  separator = '';
  for await (const file of files()) {
    for (const text of (await inseqInfoOf(file)).generated_texts ?? []) {
      yield `${separator}${JSON.stringify(text)}`;
      separator = ', ';
    }
  }
  const rest = JSON.stringify({ ...shared, exec_time: seconds });
  yield `], ${rest.slice(1)}, "sequence_attributions": [\n`;
  separator = '';
  for await (const file of files()) {
    yield separator;
    yield* inseqSequencesOf(file);
    separator = ',\n';
  }
  yield '\n], "step_attributions": null}}\n';
}
