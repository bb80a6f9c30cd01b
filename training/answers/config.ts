/** Hugging Face's config.json and generation_config.json of the model that answers from its context. */

/** Ids of the tokenizer's special tokens, in its order: pad, unk, user, assistant, end. */
const [PAD, END] = [0, 4];

export const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 768,
  hidden_size: 128,
  intermediate_size: 320,
  num_hidden_layers: 5,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 32,
  hidden_act: 'silu',
  max_position_embeddings: 512,
  rope_theta: 10000,
  rms_norm_eps: 1e-5,
  attention_bias: false,
  mlp_bias: false,
  attention_dropout: 0,
  initializer_range: 0.02,
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: END,
  pad_token_id: PAD,
  use_cache: true,
  torch_dtype: 'float16',
};

export const GENERATION = { eos_token_id: END, pad_token_id: PAD };
