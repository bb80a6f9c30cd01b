import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';

/** A copy of a fixture's small files for which `keep` holds, removed when the test ends. */
export function copyModel(t: TestContext, model: string, keep: (file: string) => boolean): string {
  const dir = temporaryDir(t);
  for (const file of fs.readdirSync(modelDir(model))) {
    if (!file.endsWith('.safetensors') && keep(file)) {
      fs.writeFileSync(path.join(dir, file), fs.readFileSync(path.join(modelDir(model), file)));
    }
  }
  return dir;
}
