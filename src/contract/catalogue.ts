/** What the service can do: models, methods, step functions and aggregators, as a worker publishes them. */
import Type, { type Static } from 'typebox';
import { freeObject, mapOf, nullable, ref } from './schema.ts';

const ARCHITECTURES = ['decoder-only', 'encoder-decoder'] as const;

const Architecture = Type.Enum(ARCHITECTURES);

const Paper = nullable(Type.Object({ title: Type.String(), url: Type.String() }));

const described = {
  id: Type.String(),
  name: Type.String({ description: 'For people.' }),
  description: Type.String(),
  paper: Paper,
  applies_to: Type.Array(Architecture),
  args_schema: freeObject({ description: 'JSON Schema of its arguments, with defaults.' }),
};

/**
 * A number that depends on a request and the length of its text: a constant; the name of a quantity (src/contract/formula.ts)
 * or of an argument (true is 1, false and null are 0); or an operation with its operands: `+`, `*`, `max`, `^`, `half` (half of it,
 * rounded down), `if` (condition, then, else), `at_most` (1 where the first does not exceed the second, else 0), `is` (1
 * where an argument has this value, else 0).
 */
export type Formula = number | string | readonly Formula[];

const formula = (description: string) => Type.Optional(Type.Unsafe<Formula>({ description }));

/** What a method runs, in copies of a text. */
export const MethodPasses = Type.Object(
  {
    evaluated: formula('Copies of which the attributed function is evaluated.'),
    recorded: formula('Copies of which it is evaluated to be differentiated.'),
    pulled: formula('Copies that gradients are pulled back to; left out: all that are recorded.'),
    apart: formula('Copies that the method runs by itself, whatever the attributed function.'),
    most: Type.Optional(Type.Boolean({ description: 'Whether these are the most that it may come to.' })),
  },
  { description: 'What it runs, as formulas: an operation and its operands, a quantity, an argument or a number.' },
);
export type MethodPasses = Static<typeof MethodPasses>;

/** What a step function runs for one text beside the pass that all share. */
export const StepFunctionPasses = Type.Object(
  {
    runs: formula('As the attributed function: runs of the model for each copy; left out: 1.'),
    attributed: formula('As the attributed function: what it runs once.'),
    scored: formula('As a step score: what it runs once.'),
    most: Type.Optional(Type.Boolean({ description: 'Whether these are the most that it may come to.' })),
  },
  { description: 'What it runs beside the pass that all share; left out: nothing.' },
);
export type StepFunctionPasses = Static<typeof StepFunctionPasses>;

/** An attribution method. */
export const MethodInfo = Type.Object(
  {
    ...described,
    needs_gradient: Type.Optional(Type.Boolean({ description: 'Whether it differentiates the attributed function.' })),
    passes: Type.Optional(MethodPasses),
  },
  {
    $id: 'MethodInfo',
    examples: [
      {
        id: 'saliency',
        name: 'Saliency',
        description: 'Size of the gradient of the attributed function in each input embedding.',
        paper: { title: 'Deep Inside Convolutional Networks', url: 'https://arxiv.org/abs/1312.6034' },
        applies_to: ['decoder-only', 'encoder-decoder'],
        args_schema: {
          type: 'object',
          properties: { abs: { type: 'boolean', default: true } },
          additionalProperties: false,
        },
        needs_gradient: true,
        passes: { recorded: 1 },
      },
    ],
  },
);
export type MethodInfo = Static<typeof MethodInfo>;

/** A function of the next-token distribution: step score, and attributed function where it is differentiable. */
export const StepFunctionInfo = Type.Object(
  {
    ...described,
    differentiable: Type.Optional(Type.Boolean({ description: 'Whether gradient methods can attribute it.' })),
    passes: Type.Optional(StepFunctionPasses),
  },
  {
    $id: 'StepFunctionInfo',
    examples: [
      {
        id: 'probability',
        name: 'Probability',
        description: 'Probability of the generated token.',
        paper: null,
        applies_to: ['decoder-only', 'encoder-decoder'],
        args_schema: {
          type: 'object',
          properties: { logprob: { type: 'boolean', default: false } },
          additionalProperties: false,
        },
        differentiable: true,
      },
    ],
  },
);
export type StepFunctionInfo = Static<typeof StepFunctionInfo>;

/** A measure of how far scores can be trusted. */
export const MetricInfo = Type.Object(
  {
    ...described,
    better: Type.Union([Type.Literal('higher'), Type.Literal('lower')], { description: 'Which direction is better.' }),
  },
  {
    $id: 'MetricInfo',
    examples: [
      {
        id: 'comprehensiveness',
        name: 'Comprehensiveness',
        description: 'The drop of the score when the most important units are replaced. Higher is better.',
        paper: {
          title: 'ERASER: A Benchmark to Evaluate Rationalized NLP Models',
          url: 'https://arxiv.org/abs/1911.03429',
        },
        applies_to: ['decoder-only', 'encoder-decoder'],
        args_schema: {
          type: 'object',
          properties: { fraction: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.2 } },
          additionalProperties: false,
        },
        better: 'higher',
      },
    ],
  },
);
export type MetricInfo = Static<typeof MetricInfo>;

/** An aggregator: reduces, merges, normalizes or relates scores. */
export const AggregatorInfo = Type.Object(
  { ...described },
  {
    $id: 'AggregatorInfo',
    examples: [
      {
        id: 'scores',
        name: 'Scores',
        description: 'Reduces the last axis to one number.',
        paper: null,
        applies_to: ['decoder-only', 'encoder-decoder'],
        args_schema: { type: 'object', properties: { normalize: { type: 'boolean', default: true } } },
      },
    ],
  },
);
export type AggregatorInfo = Static<typeof AggregatorInfo>;

/** What is known of a model's memory without loading it. */
export const ModelMemory = Type.Object(
  {
    weight_bytes: Type.Integer({ minimum: 0, description: 'Of its weights when they are loaded, at most.' }),
    budget_bytes: Type.Integer({ minimum: 0, description: 'For the models and activations of a worker.' }),
    activation_bytes: Type.Integer({ minimum: 0, description: 'For the activations of passes, beside this model.' }),
    hidden_size: Type.Integer({ minimum: 1 }),
    heads: Type.Integer({ minimum: 1 }),
    keeps_maps: Type.Boolean({
      description: 'Whether attention maps are held as they are, and not computed in one op.',
    }),
    many_rows: Type.Integer({ minimum: 1, description: 'Rows of a pass beyond which it is split.' }),
    split_by_position: Type.Boolean({ description: 'Whether tokens of a text may need passes of their own.' }),
  },
  { description: 'What quotes are reckoned from.' },
);
export type ModelMemory = Static<typeof ModelMemory>;

/** A model of the models file. */
export const ModelInfo = Type.Object(
  {
    id: Type.String({ examples: ['facts-gpt2'] }),
    model_type: Type.String({ description: "Hugging Face's `model_type`.", examples: ['gpt2'] }),
    architecture: Architecture,
    quantization: Type.String({ examples: ['int8'] }),
    parameters: nullable(Type.Integer({ minimum: 0 }), {
      description: 'Number of parameters; null: not known before it is loaded.',
    }),
    layers: Type.Integer({ minimum: 0 }),
    vocab_size: Type.Integer({ minimum: 1 }),
    max_positions: nullable(Type.Integer({ minimum: 1 }), {
      description: 'Longest sequence in tokens; null: unlimited (relative positions).',
    }),
    languages: nullable(Type.Array(Type.String()), { description: 'Language codes of a multilingual model.' }),
    chat: Type.Boolean({ description: 'Whether it takes `messages`: its checkpoint has a chat template.' }),
    loaded: Type.Boolean({ description: 'Whether a worker holds its weights now.' }),
    pool: Type.String({ description: 'Workers of this pool serve it.', examples: ['default'] }),
    fingerprint: Type.Optional(
      Type.String({
        description:
          'The same as long as a request gives the same result: it changes with the files of the checkpoint, quantization, ' +
          'backend, device, versions and plug-ins. Left out by workers of before.',
        examples: ['9d1f0c2ab74e6653'],
      }),
    ),
    preload: Type.Optional(Type.Boolean({ description: 'Whether workers load it when they start.' })),
    memory: Type.Optional(ModelMemory),
    methods: Type.Array(Type.String(), { description: 'Methods that this model can run.' }),
    step_functions: Type.Array(Type.String(), { description: 'Step functions that this model can run.' }),
  },
  {
    $id: 'ModelInfo',
    examples: [
      {
        id: 'facts-gpt2',
        model_type: 'gpt2',
        architecture: 'decoder-only',
        quantization: 'int8',
        parameters: 3_000_000,
        layers: 4,
        vocab_size: 2_000,
        max_positions: 64,
        languages: null,
        chat: false,
        loaded: true,
        pool: 'default',
        methods: ['saliency', 'input_x_gradient'],
        step_functions: ['probability', 'entropy'],
      },
    ],
  },
);
export type ModelInfo = Static<typeof ModelInfo>;

/** A model of the models file whose checkpoint cannot be served. */
export const UnusableModel = Type.Object(
  {
    id: Type.String({ examples: ['my-model'] }),
    model_type: nullable(Type.String(), { description: "Hugging Face's `model_type`; null: it cannot be read." }),
    quantization: Type.String({ examples: ['int8'] }),
    loaded: Type.Literal(false),
    pool: Type.String({ examples: ['default'] }),
    methods: Type.Array(Type.String(), { maxItems: 0, description: 'None.' }),
    step_functions: Type.Array(Type.String(), { maxItems: 0, description: 'None.' }),
    unusable: Type.Object({
      detail: Type.String({ description: 'What is wrong with its checkpoint, and the remedy.' }),
    }),
  },
  {
    $id: 'UnusableModel',
    examples: [
      {
        id: 'my-model',
        model_type: 'mamba',
        quantization: 'int8',
        loaded: false,
        pool: 'default',
        methods: [],
        step_functions: [],
        unusable: { detail: 'my-model: model_type "mamba" is not supported; supported are bart, bloom, gpt2' },
      },
    ],
  },
);
export type UnusableModel = Static<typeof UnusableModel>;

/** Which arithmetic a worker uses and why. */
export const BackendInfo = Type.Object({
  name: Type.Enum(['tensorflow', 'webgpu', 'wasm']),
  /** Left out by workers of before. */
  device: Type.Optional(
    Type.String({ description: 'What really computes: `cpu`, or the name of the GPU.', examples: ['cpu'] }),
  ),
  version: Type.String({ description: 'Of TensorFlow.js.' }),
  libtensorflow: Type.Optional(
    nullable(Type.String(), { description: 'Version of the native library, where there is one.' }),
  ),
  reason: Type.String(),
});
export type BackendInfo = Static<typeof BackendInfo>;

/** Everything that a worker publishes when it starts; the API validates requests against it. */
export const Catalogue = Type.Object({
  models: Type.Array(ref(ModelInfo)),
  /** Left out by workers of before: none. */
  unusable_models: Type.Optional(Type.Array(ref(UnusableModel))),
  methods: Type.Array(ref(MethodInfo)),
  step_functions: Type.Array(ref(StepFunctionInfo)),
  aggregators: Type.Array(ref(AggregatorInfo)),
  /** Left out by workers of before: none. */
  faithfulness_metrics: Type.Optional(Type.Array(ref(MetricInfo))),
  backend: BackendInfo,
  versions: mapOf(Type.String()),
});
export type Catalogue = Static<typeof Catalogue>;
