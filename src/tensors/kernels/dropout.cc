// WhenceDropoutMask: masks of inverted dropout from a key, entry by entry, so that threads share the work and every
// backend draws the same ones (src/tensors/dropout-mask.ts has the same function).

#include "processor.h"
#include "tf.h"

namespace whence {
namespace {

// Entries that are worth waking another thread for.
constexpr int64_t kEntries = 65536;

// A bijection of 32 bits that spreads each over all (Wellons 2018, "Prospecting for Hash Functions": lowbias32).
INLINE uint32_t mixed(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352du;
  x ^= x >> 15;
  x *= 0x846ca68bu;
  return x ^ (x >> 16);
}

INLINE void fill_range(float* mask, int64_t from, int64_t to, uint32_t key, uint32_t threshold, float kept) {
  for (int64_t i = from; i < to; i++) {
    mask[i] = (mixed(mixed(static_cast<uint32_t>(i)) + key) >> 8) < threshold ? 0.0f : kept;
  }
}

const auto fill = Compiled<fill_range>::best();

struct Mask {
  uint32_t key, threshold;  // dropped where 24 random bits are below the threshold
  float kept;
};

// shape [axes] -> mask
void dropout_mask(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* shape = call.input(0);
  if (!call.ok()) return;
  const int64_t axes = TF_Dim(shape, 0);
  int64_t count = 1;
  for (int64_t axis = 0; axis < axes; axis++) count *= data<int32_t>(shape)[axis];
  const Mask& config = *static_cast<Mask*>(kernel);
  // A vector: the caller reshapes it, which costs nothing.
  float* mask = call.output<float>(0, kFloat, {count});
  if (mask == nullptr) return;
  pool().each((count + kEntries - 1) / kEntries, [&](int64_t chunk) {
    const int64_t from = chunk * kEntries;
    fill(mask, from, std::min(count, from + kEntries), config.key, config.threshold, config.kept);
  });
}

void* create_mask(TF_OpKernelConstruction* construction) {
  return new Mask{static_cast<uint32_t>(int_attribute(construction, "key")),
                  static_cast<uint32_t>(int_attribute(construction, "threshold")),
                  float_attribute(construction, "kept")};
}

void destroy_mask(void* kernel) { delete static_cast<Mask*>(kernel); }

}  // namespace

const std::vector<Op> kDropoutOps = {
    {"WhenceDropoutMask", {"key: int", "threshold: int", "kept: float"}, {"shape: int32"}, {"mask: float"}, create_mask,
     dropout_mask, destroy_mask},
};

}  // namespace whence
