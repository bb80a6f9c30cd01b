// What the kernels share: TensorFlow's C interface, threads, the inputs and outputs of a call, registration.
// Of TensorFlow's and Node's interfaces only what is used is declared here: their headers are gone after setup.

#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <thread>
#include <vector>

extern "C" {
struct TF_Tensor;
struct TF_Status;
struct TF_KernelBuilder;
struct TF_OpDefinitionBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
struct TF_ShapeInferenceContext;

TF_Status* TF_NewStatus();
void TF_DeleteStatus(TF_Status*);
int TF_GetCode(const TF_Status*);
const char* TF_Message(const TF_Status*);
void TF_SetStatus(TF_Status*, int code, const char* message);
void* TF_TensorData(const TF_Tensor*);
int64_t TF_Dim(const TF_Tensor*, int axis);
int64_t TF_TensorElementCount(const TF_Tensor*);
void TF_DeleteTensor(TF_Tensor*);
void TF_GetInput(TF_OpKernelContext*, int index, TF_Tensor**, TF_Status*);
int TF_NumInputs(TF_OpKernelContext*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int index, int type, const int64_t* shape, int rank, size_t bytes,
                             TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction*, const char* name, float*, TF_Status*);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction*, const char* name, unsigned char*, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction*, const char* name, int64_t*, TF_Status*);
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char*);
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);

int napi_create_string_utf8(void* env, const char* text, size_t length, void** result);
int napi_set_named_property(void* env, void* object, const char* name, void* value);
}

namespace whence {

constexpr int kFloat = 1;
constexpr int kUint8 = 4;
constexpr int kInvalidArgument = 3;

// A few threads that share the chunks of one loop. TensorFlow's own pool cannot be reached from its C interface.
class Pool {
 public:
  explicit Pool(int threads) : workers_(threads - 1) {
    for (int i = 0; i < workers_; i++) std::thread([this] { work(); }).detach();
  }

  // Threads that share a loop, its caller's too.
  int64_t threads() const { return workers_ + 1; }

  // Calls body(chunk) for every chunk in 0 .. chunks - 1. On a busy machine a thread that wakes late is not waited for.
  void each(int64_t chunks, const std::function<void(int64_t)>& body) {
    if (chunks <= 1 || workers_ == 0) {
      for (int64_t chunk = 0; chunk < chunks; chunk++) body(chunk);
      return;
    }
    std::lock_guard<std::mutex> one_loop(loop_);
    {
      std::lock_guard<std::mutex> lock(mutex_);
      body_ = &body;
      chunks_ = chunks;
      next_ = 0;
      turn_++;
    }
    wake_.notify_all();
    run(body);
    std::unique_lock<std::mutex> lock(mutex_);
    body_ = nullptr;
    done_.wait(lock, [this] { return running_ == 0; });
  }

 private:
  void run(const std::function<void(int64_t)>& body) {
    for (int64_t chunk = next_++; chunk < chunks_; chunk = next_++) body(chunk);
  }

  void work() {
    uint64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return turn_ != seen; });
      seen = turn_;
      if (body_ == nullptr) continue;
      running_++;
      const auto* body = body_;
      lock.unlock();
      run(*body);
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  const int workers_;
  std::mutex loop_, mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(int64_t)>* body_ = nullptr;  // null: the loop is over
  std::atomic<int64_t> next_{0};
  int64_t chunks_ = 0;
  int running_ = 0;  // workers in the loop
  uint64_t turn_ = 0;
};

inline Pool& pool() {
  // Never destroyed: its threads may outlive static destructors.
  static Pool* made = [] {
    const char* wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
    int threads = wanted == nullptr ? 0 : std::atoi(wanted);
    return new Pool(threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  }();
  return *made;
}

// The inputs and outputs of one call of an op; what fails is reported to TensorFlow and `ok` is false.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {}
  ~Call() {
    if (TF_GetCode(status_) != 0) TF_OpKernelContext_Failure(context_, status_);
    for (TF_Tensor* tensor : tensors_) TF_DeleteTensor(tensor);
    TF_DeleteStatus(status_);
  }

  TF_Tensor* input(int index) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    if (tensor != nullptr) tensors_.push_back(tensor);
    return tensor;
  }

  template <typename T>
  T* output(int index, int type, std::initializer_list<int64_t> shape) {
    size_t bytes = sizeof(T);
    for (int64_t size : shape) bytes *= static_cast<size_t>(size);
    TF_Tensor* tensor =
        TF_AllocateOutput(context_, index, type, shape.begin(), static_cast<int>(shape.size()), bytes, status_);
    if (tensor == nullptr) return nullptr;
    tensors_.push_back(tensor);
    return static_cast<T*>(TF_TensorData(tensor));
  }

  void require(bool condition, const char* message) {
    if (!condition) TF_SetStatus(status_, kInvalidArgument, message);
  }

  bool ok() const { return TF_GetCode(status_) == 0; }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
  std::vector<TF_Tensor*> tensors_;
};

template <typename T>
const T* data(const TF_Tensor* tensor) {
  return static_cast<const T*>(TF_TensorData(tensor));
}

// ------------------------------------------------------------------------------------------------------ registration

struct Op {
  const char* name;
  std::vector<const char*> attributes, inputs, outputs;
  void* (*create)(TF_OpKernelConstruction*);
  void (*compute)(void*, TF_OpKernelContext*);
  void (*destroy)(void*);
};

extern const std::vector<Op> kInt8Ops;       // int8.cc
extern const std::vector<Op> kBlockOps;      // blocks.cc
extern const std::vector<Op> kAttentionOps;  // attention.cc
extern const std::vector<Op> kDropoutOps;    // dropout.cc
extern const std::vector<Op> kProductOps;    // products.cc

// Attributes of an op that is being made.
inline bool bool_attribute(TF_OpKernelConstruction* construction, const char* name) {
  unsigned char value = 0;
  TF_Status* status = TF_NewStatus();
  TF_OpKernelConstruction_GetAttrBool(construction, name, &value, status);
  TF_DeleteStatus(status);
  return value != 0;
}

inline int64_t int_attribute(TF_OpKernelConstruction* construction, const char* name) {
  int64_t value = 0;
  TF_Status* status = TF_NewStatus();
  TF_OpKernelConstruction_GetAttrInt64(construction, name, &value, status);
  TF_DeleteStatus(status);
  return value;
}

inline float float_attribute(TF_OpKernelConstruction* construction, const char* name) {
  float value = 0;
  TF_Status* status = TF_NewStatus();
  TF_OpKernelConstruction_GetAttrFloat(construction, name, &value, status);
  TF_DeleteStatus(status);
  return value;
}

}  // namespace whence
