import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type LoadedModel, loadModel } from '../../src/models/load.ts';
import { embedIds, type LanguageModel } from '../../src/models/model.ts';
import { Rows } from '../../src/nn/rows.ts';
import { Run } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { BACKENDS } from '../support/backends.ts';
import { assertClose, forwardCases, type Golden, modelDir } from '../support/goldens.ts';

const MODELS = [
  'gpt2-tiny',
  'gpt2-pad-tiny',
  'gpt2-nounk-tiny',
  'gpt2-f16-tiny',
  'llama-tiny',
  'llama-sharded-tiny',
  'llama-bf16-tiny',
  'gptneox-tiny',
  'qwen2-tiny',
  'qwen3-tiny',
  'opt-tiny',
];

interface Case {
  key: string;
  input_ids: number[];
  logits: Golden;
  hidden_states?: Golden;
  attentions?: Golden;
}

/** Logits of every position, and what transformers calls hidden states (the last one normalized) and attentions. */
function forward(model: LanguageModel, ids: number[]) {
  const maps = new Map<string, Golden>();
  let normalized: Golden = null;
  const run = new Run({
    attention: { onProbabilities: (name, map) => maps.set(name, (map.arraySync() as Golden[])[0]) },
    onValue: (_name, value) => {
      if (value.tensor.shape[1] === model.hiddenSize) normalized = value.tensor.arraySync();
    },
  });
  try {
    const rows = run.ownRows(Rows.full(1, ids.length));
    let x = model.decoder.enter(run, run.leaf(embedIds(model.targetEmbedding, ids), rows));
    const hidden: Golden[] = [];
    for (const block of model.decoder.blocks) {
      hidden.push(x.tensor.arraySync());
      x = block(run, x, null, null);
    }
    const logits = model.head(run, model.decoder.leave(run, x));
    // The last norm is the last value of its width that has a name.
    hidden.push(normalized);
    const attentions = model.decoder.selfAttention.map((name) => maps.get(name) ?? null);
    return { logits: logits.tensor.arraySync(), hidden, attentions };
  } finally {
    run.dispose();
  }
}

/** Numbers of nested lists, in order. */
function flat(value: unknown): number[] {
  return Array.isArray(value) ? value.flatMap(flat) : [Number(value)];
}

function compare(name: string, model: LanguageModel): void {
  const { cases, tolerance } = forwardCases(name);
  let inside = 0;
  for (const golden of cases as unknown as Case[]) {
    tf.engine().startScope();
    const found = forward(model, golden.input_ids);
    tf.engine().endScope();
    const label = `${name}/${golden.key}`;
    const check = (values: unknown, expected: unknown, kind: keyof typeof tolerance): void => {
      assertClose(flat(values), flat(expected), tolerance[kind], `${label}: ${kind}`);
    };
    // Left out of the files for size where there are no hidden states either.
    if (golden.logits) check(found.logits, golden.logits, 'logits');
    if (!golden.hidden_states || !golden.attentions) continue;
    inside++;
    check(found.hidden, golden.hidden_states, 'hidden_states');
    check(found.attentions, golden.attentions, 'attentions');
  }
  assert.ok(inside > 0, `${name} has golden hidden states`);
}

for (const backend of BACKENDS) {
  for (const name of MODELS) {
    describe(`forward of ${name} on ${backend}`, () => {
      let loaded: LoadedModel;
      before(async () => {
        await startBackend(backend);
        const rule = { threshold: 6, outliers: 'row' } as const;
        loaded = await loadModel(modelDir(name), { quantization: 'none', rule });
      });
      after(() => loaded.dispose());

      it('gives the logits, hidden states and attentions of transformers', () => compare(name, loaded.model));
    });
  }
}
