/** The file that `?format=inseq` gives, as Inseq 0.7 writes and reads it: instances of its classes, by module and name. */
import Type from 'typebox';
import { freeObject, mapOf, nullable } from './schema.ts';

const instance = <Attributes extends Type.TSchema>(attributes: Attributes) =>
  Type.Object({
    __instance_type__: Type.Array(Type.String(), { minItems: 2, maxItems: 2, description: 'Module and class.' }),
    attributes,
  });

/** Numbers under the name "attribution". */
const Tensor = Type.String({
  description: 'Base64 of a safetensors file with one tensor, float32, named "attribution".',
});

const Token = instance(Type.Object({ id: Type.Integer(), token: Type.String() }));

const Sequence = instance(
  Type.Object({
    source: Type.Array(Token, { description: 'The input; of decoder-only models the prompt.' }),
    target: Type.Array(Token),
    source_attributions: nullable(Tensor),
    target_attributions: nullable(Tensor),
    step_scores: mapOf(Tensor),
    sequence_scores: mapOf(Tensor),
    attr_pos_start: Type.Integer(),
    attr_pos_end: Type.Integer(),
    _num_dimensions: Type.Optional(
      Type.Integer({ description: 'Axes that Inseq takes the mean of to show the scores.' }),
    ),
  }),
);

/** What `inseq.FeatureAttributionOutput.load` reads. */
export const InseqFile = Type.Object(
  {
    ...instance(
      Type.Object({
        info: freeObject({ description: 'The run, under the names of Inseq.' }),
        sequence_attributions: Type.Array(Sequence),
        step_attributions: Type.Null(),
      }),
    ).properties,
  },
  { $id: 'InseqFile' },
);
