/**
 * Packs a folder of golden fixtures into test/fixtures: one archive for each model or subject, one for all model
 * directories, and one for their SentencePiece models; and of the folder of trained models those that tests use.
 *
 *   node --import tsx scripts/pack-goldens.ts FOLDER TRAINED
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ArchivedFile, pack } from '../test/support/archive.ts';

const SENTENCEPIECE = /\.(spm|model)$/;
const destination = fileURLToPath(new URL('../test/fixtures/', import.meta.url));

const [source, trained] = process.argv.slice(2);
if (source === undefined || trained === undefined) {
  console.error('Which folders? Usage: node --import tsx scripts/pack-goldens.ts FOLDER TRAINED');
  process.exit(1);
}

/** The files under a folder that are wanted, sorted, with paths relative to it. */
function read(folder: string, isWanted: (name: string) => boolean = () => true): ArchivedFile[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isWanted(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ path: relative(folder, path).split(sep).join('/'), bytes: readFileSync(path) }));
}

function write(name: string, files: ArchivedFile[]): void {
  const archive = pack(files);
  const path = join(destination, `${name}.br`);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, archive);
  console.log(`${name}.br  ${files.length} files  ${(archive.byteLength / 1024).toFixed(0)} KiB`);
}

/** The only fixtures that are not packed from these folders: what `families/make.py` wrote. */
for (const name of readdirSync(destination)) {
  if (name !== 'families') rmSync(join(destination, name), { recursive: true });
}
write(
  'models',
  read(join(source, 'models'), (name) => !SENTENCEPIECE.test(name)),
);
write(
  'sentencepiece',
  read(join(source, 'models'), (name) => SENTENCEPIECE.test(name)),
);
write(
  'trained',
  ['stories260K', 'aren-translit-m2m100'].flatMap((model) =>
    read(join(trained, model)).map(({ path, bytes }) => ({ path: `${model}/${path}`, bytes })),
  ),
);
write('inseq_format', read(join(source, 'inseq_format')));
for (const folder of ['attributions', 'attributions_v040', 'context']) {
  for (const model of readdirSync(join(source, folder)).sort()) {
    write(`${folder}/${model}`, read(join(source, folder, model)));
  }
}
for (const folder of ['forward', 'int8', 'aggregation', 'mc_dropout', 'units']) {
  for (const file of read(join(source, folder))) write(`${folder}/${file.path.replace(/\.json$/, '')}`, [file]);
}
