/** Other names for what the catalogue has, as papers and libraries use them. They are not accepted: messages name the id. */

const METHODS = {
  ig: 'integrated_gradients',
  intgrad: 'integrated_gradients',
  grad: 'saliency',
  gradient: 'saliency',
  gradients: 'saliency',
  gradxinput: 'input_x_gradient',
  gradientxinput: 'input_x_gradient',
  gradientinput: 'input_x_gradient',
  gradinput: 'input_x_gradient',
  inputxgrad: 'input_x_gradient',
  ixg: 'input_x_gradient',
  shap: 'gradient_shap',
  dl: 'deeplift',
  dig: 'discretized_integrated_gradients',
  sig: 'sequential_integrated_gradients',
  lig: 'layer_integrated_gradients',
  attn: 'attention',
  attentionweights: 'attention',
  vz: 'value_zeroing',
  perturbation: 'occlusion',
  smoothgradsq: 'square_grad',
  shapley: 'shapley_sampling',
};

const STEP_FUNCTIONS = {
  p: 'probability',
  prob: 'probability',
  probs: 'probability',
  logprob: 'probability',
  ce: 'crossentropy',
  xent: 'crossentropy',
  loss: 'crossentropy',
  nll: 'crossentropy',
  ppl: 'perplexity',
  logits: 'logit',
  kl: 'kl_divergence',
  kld: 'kl_divergence',
  pvi: 'in_context_pvi',
  mcdropout: 'mc_dropout_prob_avg',
  contrastlogitdiff: 'contrast_logits_diff',
  contrastprobability: 'contrast_prob',
};

const AGGREGATORS = {
  l2: 'vnorm',
  l2norm: 'vnorm',
  norm: 'vnorm',
  euclidean: 'vnorm',
  avg: 'mean',
  average: 'mean',
  maxabs: 'absmax',
  word: 'words',
};

const METRICS = {
  comp: 'comprehensiveness',
  suff: 'sufficiency',
  aopc: 'aopc_comprehensiveness',
  aopccomp: 'aopc_comprehensiveness',
  aopccompr: 'aopc_comprehensiveness',
  aopcsuff: 'aopc_sufficiency',
  softnc: 'soft_comprehensiveness',
  softns: 'soft_sufficiency',
  auc: 'deletion',
};

const FIELDS = {
  prompt: 'input_texts',
  prompts: 'input_texts',
  text: 'input_texts',
  inputs: 'input_texts',
  source: 'input_texts',
  target: 'generated_texts',
  output: 'generated_texts',
  outputs: 'generated_texts',
  completion: 'generated_texts',
  attributionmethod: 'method',
  attributedfnargs: 'attributed_fn',
  generationkwargs: 'generation_args',
};

const GENERATION_ARGS = {
  maxtokens: 'max_new_tokens',
  maxlength: 'max_new_tokens',
  minlength: 'min_new_tokens',
  beams: 'num_beams',
  beamsize: 'num_beams',
  sample: 'do_sample',
};

export const ALIASES = {
  method: METHODS,
  'step function': STEP_FUNCTIONS,
  aggregator: AGGREGATORS,
  metric: METRICS,
  field: FIELDS,
  'generation argument': GENERATION_ARGS,
};

/** The known name that an alias means; undefined where `name` is not an alias, or means nothing that is known. */
export function meantBy(kind: keyof typeof ALIASES, name: string, known: readonly string[]): string | undefined {
  const aliases: Readonly<Record<string, string>> = ALIASES[kind];
  const plain = name.toLowerCase().replace(/[\s_×*-]+/g, '');
  const id = Object.hasOwn(aliases, plain) ? aliases[plain] : undefined;
  return id !== undefined && known.includes(id) ? id : undefined;
}
