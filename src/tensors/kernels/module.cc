// The Node.js addon that registers the ops with TensorFlow. Its exports say why a set of them cannot run, or nothing.

#include <string>

#include "tf.h"

namespace whence {
namespace {

bool runs_int8() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

// Empty, or why it failed.
std::string add(const std::vector<Op>& ops) {
  TF_Status* status = TF_NewStatus();
  std::string reason;
  for (const Op& op : ops) {
    TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(op.name);
    for (const char* attribute : op.attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
    for (const char* input : op.inputs) TF_OpDefinitionBuilderAddInput(definition, input);
    for (const char* output : op.outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
    TF_RegisterOpDefinition(definition, status);
    if (TF_GetCode(status) == 0) {
      auto* kernel = TF_NewKernelBuilder(op.name, "CPU", op.create, op.compute, op.destroy);
      TF_RegisterKernelBuilder(op.name, kernel, status);
    }
    if (TF_GetCode(status) != 0) {
      reason = std::string(op.name) + ": " + TF_Message(status);
      break;
    }
  }
  TF_DeleteStatus(status);
  return reason;
}

void set(void* env, void* object, const char* name, const std::string& text) {
  void* value = nullptr;
  napi_create_string_utf8(env, text.c_str(), text.size(), &value);
  napi_set_named_property(env, object, name, value);
}

}  // namespace
}  // namespace whence

extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void* env, void* exports) {
  using namespace whence;
  // Once for the process: a second registration of a name is an error.
  static const std::string dropout = add(kDropoutOps);
  static const std::string own = dropout.empty() ? add(kBlockOps) : dropout;
  static const std::string blocks = own.empty() ? add(kAttentionOps) : own;
  static const std::string products =
      __builtin_cpu_supports("avx512f") ? add(kProductOps) : "this processor has no AVX-512";
  static const std::string int8 = runs_int8() ? add(kInt8Ops) : "this processor has no AVX-512 VNNI";
  set(env, exports, "blocks", blocks);
  set(env, exports, "products", products);
  set(env, exports, "int8", int8);
  return exports;
}
