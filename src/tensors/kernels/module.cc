// The Node.js addon that registers the ops with TensorFlow. Its exports say why they cannot run, or nothing, and for
// which kind of processor they are.

#include <string>

#include "processor.h"
#include "tf.h"

namespace whence {
namespace {

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
  static const std::string obstacle = [] {
    for (const auto* ops : {&kDropoutOps, &kBlockOps, &kAttentionOps, &kProductOps, &kInt8Ops}) {
      const std::string reason = add(*ops);
      if (!reason.empty()) return reason;
    }
    return std::string();
  }();
  set(env, exports, "obstacle", obstacle);
  set(env, exports, "isa", kIsas[static_cast<int>(processor())]);
  return exports;
}
