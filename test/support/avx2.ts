/**
 * Makes the native backend of this process compute as on a processor with AVX2 and nothing wider: our ops by their code for
 * it, TensorFlow without oneDNN's ops, which it has on by default with AVX-512 VNNI alone, and its products by oneDNN's
 * code for AVX2. Imported before the backend starts.
 */

Object.assign(process.env, { WHENCE_MAX_ISA: 'avx2', TF_ENABLE_ONEDNN_OPTS: '0', ONEDNN_MAX_CPU_ISA: 'AVX2' });
