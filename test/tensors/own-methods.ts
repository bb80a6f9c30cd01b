/** Methods that Inseq has not, so that no golden file does: on WebGPU they are held against WASM, in float32 as in int8. */
export const OWN_METHODS: readonly string[] = [
  'information_flow_routes',
  'kernel_shap',
  'shapley_sampling',
  'smooth_grad',
  'square_grad',
  'var_grad',
];
