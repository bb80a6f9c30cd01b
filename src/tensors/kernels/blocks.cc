// What the blocks of src/nn do besides matrix products, each as one op in place of ten or more:
//
//   WhenceNorm               layer and root mean square normalization
//   WhenceNormPullback       cotangents of all steps through it
//   WhenceGated              activation functions x * sigmoid(a polynomial of x), or their derivatives
//   WhenceMultiplyRows       cotangents times looked-up rows of a saved activation
//   WhenceAttentionPullback  cotangents of queries, keys and values of all steps
//
// src/nn has the same in TensorFlow's own ops, for other backends; the same tests hold both against tf.grad.
// Rows of cotangents are ordered by segment, step, position (src/nn/rows.ts).

#include <cmath>
#include <cstring>

#include "tf.h"

// One function, compiled for each kind of processor; the best that runs is taken.
#if defined(__x86_64__)
#define EACH_TARGET __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define EACH_TARGET
#endif

namespace whence {
namespace {

// Numbers that are worth waking another thread for.
constexpr int64_t kChunk = 32768;

// Calls body(first, last) for ranges of rows of `width` numbers.
void each_row(int64_t rows, int64_t width, const std::function<void(int64_t, int64_t)>& body) {
  const int64_t size = std::max<int64_t>(1, kChunk / std::max<int64_t>(1, width));
  pool().each((rows + size - 1) / size, [&](int64_t chunk) { body(chunk * size, std::min(rows, (chunk + 1) * size)); });
}

struct Flag {
  bool value;
};

// ----------------------------------------------------------------------------------------------------- normalization

struct Norm {
  bool center;  // layer norm; false: root mean square
  float epsilon;
};

EACH_TARGET void norm_row(const float* x, int64_t width, const float* weight, const float* bias, bool center,
                          float epsilon, float* normal, float* inverse, float* y) {
  double sum = 0, squares = 0;
  if (center) {
    for (int64_t i = 0; i < width; i++) sum += x[i];
  }
  const float mean = static_cast<float>(sum / width);
  for (int64_t i = 0; i < width; i++) {
    const double distance = x[i] - mean;
    squares += distance * distance;
  }
  *inverse = static_cast<float>(1.0 / std::sqrt(squares / width + epsilon));
  for (int64_t i = 0; i < width; i++) normal[i] = (x[i] - mean) * *inverse;
  if (bias == nullptr) {
    for (int64_t i = 0; i < width; i++) y[i] = normal[i] * weight[i];
  } else {
    for (int64_t i = 0; i < width; i++) y[i] = normal[i] * weight[i] + bias[i];
  }
}

// x [rows, heads * width], weight [width], bias [width] or [0] -> normal, inverse [rows, heads], y
void norm(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* x = call.input(0);
  const TF_Tensor* weight = call.input(1);
  const TF_Tensor* bias = call.input(2);
  if (!call.ok()) return;
  const int64_t rows = TF_Dim(x, 0), columns = TF_Dim(x, 1), width = TF_Dim(weight, 0), heads = columns / width;
  call.require(heads * width == columns, "the weight does not fit the rows");
  if (!call.ok()) return;
  float* normal = call.output<float>(0, kFloat, {rows, columns});
  float* inverse = call.output<float>(1, kFloat, {rows, heads});
  float* y = call.output<float>(2, kFloat, {rows, columns});
  if (normal == nullptr || inverse == nullptr || y == nullptr) return;
  const Norm& config = *static_cast<Norm*>(kernel);
  const float* b = TF_Dim(bias, 0) == 0 ? nullptr : data<float>(bias);
  each_row(rows * heads, width, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; row++) {
      const int64_t at = row * width;
      norm_row(data<float>(x) + at, width, data<float>(weight), b, config.center, config.epsilon, normal + at,
               inverse + row, y + at);
    }
  });
}

void* create_norm(TF_OpKernelConstruction* construction) {
  return new Norm{bool_attribute(construction, "center"), float_attribute(construction, "epsilon")};
}

void destroy_norm(void* kernel) { delete static_cast<Norm*>(kernel); }

EACH_TARGET void norm_pullback_row(const float* dy, const float* normal, float inverse, const float* weight,
                                   int64_t width, bool center, float* dx) {
  float mean = 0, along = 0;
  for (int64_t i = 0; i < width; i++) {
    const float direct = dy[i] * weight[i];
    mean += direct;
    along += direct * normal[i];
  }
  mean = center ? mean / width : 0;
  along /= width;
  for (int64_t i = 0; i < width; i++) dx[i] = (dy[i] * weight[i] - mean - normal[i] * along) * inverse;
}

// dy [rows, heads * width], saved normal and inverse of the forward rows, which of them each row has -> dx
void norm_pullback(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* dy = call.input(0);
  const TF_Tensor* normal = call.input(1);
  const TF_Tensor* inverse = call.input(2);
  const TF_Tensor* weight = call.input(3);
  const TF_Tensor* row_index = call.input(4);
  if (!call.ok()) return;
  const int64_t rows = TF_Dim(dy, 0), columns = TF_Dim(dy, 1), width = TF_Dim(weight, 0), heads = columns / width;
  call.require(TF_Dim(row_index, 0) == rows, "a row of cotangents needs a forward row");
  if (!call.ok()) return;
  float* dx = call.output<float>(0, kFloat, {rows, columns});
  if (dx == nullptr) return;
  const bool center = static_cast<Flag*>(kernel)->value;
  each_row(rows, columns, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; row++) {
      const int64_t saved = data<int32_t>(row_index)[row];
      for (int64_t head = 0; head < heads; head++) {
        const int64_t at = row * columns + head * width;
        norm_pullback_row(data<float>(dy) + at, data<float>(normal) + saved * columns + head * width,
                          data<float>(inverse)[saved * heads + head], data<float>(weight), width, center, dx + at);
      }
    }
  });
}

void* create_norm_pullback(TF_OpKernelConstruction* construction) {
  return new Flag{bool_attribute(construction, "center")};
}

void destroy_flag(void* kernel) { delete static_cast<Flag*>(kernel); }

// ---------------------------------------------------------------------------------------------- activation functions

// x * sigmoid(linear * x + cubic * x^3)
struct Gated {
  float linear, cubic;
  bool derivative;
};

// exp(z) for z <= 0, within 2 units in the last place: 2^n * exp(r) with |r| <= ln(2) / 2, by its Taylor polynomial.
inline float exp_of_negative(float z) {
  const float within = z < -87.0f ? -87.0f : z;
  const int32_t n = static_cast<int32_t>(within * 1.44269504f - 0.5f);
  const float r = (within - n * 0.693145752f) - n * 1.42860677e-6f;  // ln(2) in two parts, the first short
  float sum = 1.0f / 5040;
  sum = sum * r + 1.0f / 720;
  sum = sum * r + 1.0f / 120;
  sum = sum * r + 1.0f / 24;
  sum = sum * r + 1.0f / 6;
  sum = sum * r + 0.5f;
  sum = sum * r + 1.0f;
  sum = sum * r + 1.0f;
  const int32_t bits = (n + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

EACH_TARGET void gate(const float* x, int64_t count, const Gated& config, float* out) {
  const float linear = config.linear, cubic = config.cubic;
  if (config.derivative) {
    for (int64_t i = 0; i < count; i++) {
      const float square = x[i] * x[i], z = x[i] * (linear + cubic * square);
      const float e = exp_of_negative(-std::fabs(z)), small = e / (1 + e), large = 1 / (1 + e);
      out[i] = (z < 0 ? small : large) + x[i] * small * large * (linear + 3 * cubic * square);
    }
  } else {
    for (int64_t i = 0; i < count; i++) {
      const float z = x[i] * (linear + cubic * x[i] * x[i]);
      const float e = exp_of_negative(-std::fabs(z));
      out[i] = x[i] * (z < 0 ? e : 1.0f) / (1 + e);
    }
  }
}

// x [rows, width] -> values, or derivatives
void gated(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* x = call.input(0);
  if (!call.ok()) return;
  const int64_t rows = TF_Dim(x, 0), width = TF_Dim(x, 1);
  float* out = call.output<float>(0, kFloat, {rows, width});
  if (out == nullptr) return;
  const Gated& config = *static_cast<Gated*>(kernel);
  each_row(rows, width, [&](int64_t first, int64_t last) {
    gate(data<float>(x) + first * width, (last - first) * width, config, out + first * width);
  });
}

void* create_gated(TF_OpKernelConstruction* construction) {
  return new Gated{float_attribute(construction, "linear"), float_attribute(construction, "cubic"),
                   bool_attribute(construction, "derivative")};
}

void destroy_gated(void* kernel) { delete static_cast<Gated*>(kernel); }

// ------------------------------------------------------------------------------------------------ looked-up products

EACH_TARGET void multiply_row(const float* a, const float* b, int64_t width, float* out) {
  for (int64_t i = 0; i < width; i++) out[i] = a[i] * b[i];
}

// dy [rows, width], saved [forward rows, width], which of them each row has -> dy * saved[row]
void multiply_rows(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* dy = call.input(0);
  const TF_Tensor* saved = call.input(1);
  const TF_Tensor* row_index = call.input(2);
  if (!call.ok()) return;
  const int64_t rows = TF_Dim(dy, 0), width = TF_Dim(dy, 1);
  call.require(TF_Dim(row_index, 0) == rows && TF_Dim(saved, 1) == width, "cotangents and saved rows do not fit");
  if (!call.ok()) return;
  float* out = call.output<float>(0, kFloat, {rows, width});
  if (out == nullptr) return;
  each_row(rows, width, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; row++) {
      const int64_t from = data<int32_t>(row_index)[row];
      multiply_row(data<float>(dy) + row * width, data<float>(saved) + from * width, width, out + row * width);
    }
  });
}

// --------------------------------------------------------------------------------------------------------- attention

// Sizes: segments, kv heads, queries of a group, head width, forward queries, the first one's position, keys. Saved
// tensors have a row for each (segment, kv head, query head of the group, query).
struct Attention {
  int64_t segments, heads, group, width, queries, first, keys;
  const float *q, *k, *v;              // q [.., width], already scaled; k, v [segment, kv head, keys, width]
  const float *probabilities, *mask;   // [.., keys]; mask (dropout) may be null
  const float* cap_slope;              // [.., keys] (soft cap) or null
  float scale;
  bool causal;
};

// One step of one kv head: its query rows, and where its cotangents come from and go.
struct StepTask {
  int64_t segment, head;
  int64_t first_query, query_count;  // positions of the step's rows
  int64_t visible;                   // keys that the step sees
  const float* dy;                   // [rows of the step, all heads * width]
  float *dq, *dk, *dv;               // dq as dy; dk, dv [visible, kv heads * width]
};

// Rows of queries that are taken together.
constexpr int64_t kTogether = 16;

using Lanes = float __attribute__((vector_size(64), aligned(4)));
constexpr int64_t kLanes = 16;

inline int64_t padded(int64_t count) { return (count + kLanes - 1) / kLanes * kLanes; }

// A matrix by its element strides.
struct Operand {
  const float* at;
  int64_t row, column;
};

// Rows m .. m + M - 1 and V vectors of columns from n of c (+)= a b, kept in registers over the depth.
template <int M, int V>
__attribute__((always_inline)) inline void tile(const Operand& a, const float* b, int64_t b_row, float* c, int64_t c_row,
                                                int64_t depth, bool adding) {
  Lanes sum[M][V];
  for (int m = 0; m < M; m++) {
    for (int v = 0; v < V; v++) {
      if (adding) sum[m][v] = *reinterpret_cast<const Lanes*>(c + m * c_row + v * kLanes);
      else sum[m][v] = Lanes{};
    }
  }
  for (int64_t k = 0; k < depth; k++) {
    Lanes right[V];
    for (int v = 0; v < V; v++) right[v] = *reinterpret_cast<const Lanes*>(b + k * b_row + v * kLanes);
    for (int m = 0; m < M; m++) {
      const float left = a.at[m * a.row + k * a.column];
      for (int v = 0; v < V; v++) sum[m][v] += left * right[v];
    }
  }
  for (int m = 0; m < M; m++) {
    for (int v = 0; v < V; v++) *reinterpret_cast<Lanes*>(c + m * c_row + v * kLanes) = sum[m][v];
  }
}

template <int M>
__attribute__((always_inline)) inline void tile_row(const Operand& a, const float* b, int64_t b_row, float* c,
                                                    int64_t c_row, int64_t columns, int64_t depth, bool adding) {
  int64_t n = 0;
  for (; n + 4 * kLanes <= columns; n += 4 * kLanes) tile<M, 4>(a, b + n, b_row, c + n, c_row, depth, adding);
  for (; n + kLanes <= columns; n += kLanes) tile<M, 1>(a, b + n, b_row, c + n, c_row, depth, adding);
  for (; n < columns; n++) {
    for (int m = 0; m < M; m++) {
      float sum = adding ? c[m * c_row + n] : 0;
      for (int64_t k = 0; k < depth; k++) sum += a.at[m * a.row + k * a.column] * b[k * b_row + n];
      c[m * c_row + n] = sum;
    }
  }
}

// c [rows, columns] = a [rows, depth] b [depth, columns], or added to c. For small depths and widths, where TensorFlow's
// products would be dominated by their calls.
__attribute__((always_inline)) inline void product(const Operand& a, const float* b, int64_t b_row, float* c,
                                                   int64_t c_row, int64_t rows, int64_t columns, int64_t depth,
                                                   bool adding) {
  int64_t m = 0;
  for (; m + 4 <= rows; m += 4) {
    tile_row<4>({a.at + m * a.row, a.row, a.column}, b, b_row, c + m * c_row, c_row, columns, depth, adding);
  }
  for (; m < rows; m++) {
    tile_row<1>({a.at + m * a.row, a.row, a.column}, b, b_row, c + m * c_row, c_row, columns, depth, adding);
  }
}

// `scratch` holds 2 * kTogether * padded(keys) numbers. Probabilities of hidden keys are zero, and so is all that comes
// from them: only whole ranges of keys that no row of a block sees are passed over.
EACH_TARGET void attend_back(const Attention& a, const StepTask& task, const float* v_transposed, float* scratch) {
  const int64_t width = a.width, keys = a.keys, key_pad = padded(keys);
  const int64_t stride = a.heads * a.group * width, key_stride = a.heads * width;
  const float* k = a.k + (task.segment * a.heads + task.head) * keys * width;
  float* d_scores = scratch;                         // [kTogether, key_pad]
  float* weights = scratch + kTogether * key_pad;    // [kTogether, key_pad]
  for (int64_t j = 0; j < task.visible; j++) {
    std::memset(task.dk + j * key_stride, 0, width * sizeof(float));
    std::memset(task.dv + j * key_stride, 0, width * sizeof(float));
  }
  for (int64_t g = 0; g < a.group; g++) {
    const int64_t head_row = ((task.segment * a.heads + task.head) * a.group + g) * a.queries;
    const int64_t column = (task.head * a.group + g) * width;
    for (int64_t start = 0; start < task.query_count; start += kTogether) {
      const int64_t count = std::min(kTogether, task.query_count - start);
      const int64_t position = task.first_query + start;
      const int64_t n = a.causal ? std::min(task.visible, position + count) : task.visible;
      const float* d_out = task.dy + start * stride + column;
      product({d_out, stride, 1}, v_transposed, key_pad, d_scores, key_pad, count, padded(n), width, false);
      for (int64_t r = 0; r < count; r++) {
        const int64_t saved = (head_row + position - a.first + r) * keys;
        const float* p = a.probabilities + saved;
        float* ds = d_scores + r * key_pad;
        float* w = weights + r * key_pad;
        if (a.mask == nullptr) {
          for (int64_t j = 0; j < n; j++) w[j] = p[j];
        } else {
          for (int64_t j = 0; j < n; j++) w[j] = p[j] * a.mask[saved + j];
          for (int64_t j = 0; j < n; j++) ds[j] *= a.mask[saved + j];
        }
        float total = 0;
        for (int64_t j = 0; j < n; j++) total += ds[j] * p[j];
        for (int64_t j = 0; j < n; j++) ds[j] = p[j] * (ds[j] - total);
        if (a.cap_slope != nullptr) {
          for (int64_t j = 0; j < n; j++) ds[j] *= a.cap_slope[saved + j];
        }
      }
      float* dq = task.dq + start * stride + column;
      product({d_scores, key_pad, 1}, k, width, dq, stride, count, width, n, false);
      for (int64_t r = 0; r < count; r++) {
        for (int64_t d = 0; d < width; d++) dq[r * stride + d] *= a.scale;
      }
      const float* q = a.q + (head_row + position - a.first) * width;
      product({d_scores, 1, key_pad}, q, width, task.dk, key_stride, n, width, count, true);
      product({weights, 1, key_pad}, d_out, stride, task.dv, key_stride, n, width, count, true);
    }
  }
}

struct AttentionConfig {
  bool causal;  // keys after a query are hidden; false: every step sees all keys
  bool reads;   // a step's row of cotangents is its read position alone
  bool prefix;  // a step's rows are the positions up to its read one; neither: all positions
  int64_t first;  // position of the first forward query
  float scale;
};

// dy [rows, heads * width], saved tensors, read [steps] -> dq as dy, dk and dv [rows of keys, kv heads * width]
void attention_pullback(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* in[8];
  for (int i = 0; i < 8; i++) in[i] = call.input(i);
  if (!call.ok()) return;
  const AttentionConfig& config = *static_cast<AttentionConfig*>(kernel);
  const TF_Tensor *dy = in[0], *q = in[1], *k = in[2], *v = in[3], *p = in[4], *mask = in[5], *cap = in[6], *read = in[7];
  const int64_t segments = TF_Dim(k, 0), heads = TF_Dim(k, 1), keys = TF_Dim(k, 2), width = TF_Dim(k, 3);
  const int64_t columns = TF_Dim(dy, 1), group = columns / (heads * width), queries = TF_Dim(q, 2) / group;
  const int64_t steps = TF_Dim(read, 0);
  const int32_t* at = data<int32_t>(read);
  const auto query_rows = [&](int64_t t) -> int64_t {
    if (config.reads) return 1;
    return config.prefix ? at[t] + 1 : queries;
  };
  const auto key_rows = [&](int64_t t) -> int64_t { return config.causal ? at[t] + 1 : keys; };
  std::vector<int64_t> query_start, key_start;
  int64_t query_count = 0, key_count = 0;
  for (int64_t s = 0; s < segments; s++) {
    for (int64_t t = 0; t < steps; t++) {
      query_start.push_back(query_count);
      key_start.push_back(key_count);
      query_count += query_rows(t);
      key_count += key_rows(t);
    }
  }
  call.require(query_count == TF_Dim(dy, 0), "rows of cotangents and steps do not fit");
  call.require(config.reads || config.first == 0, "only the rows where scores are read may be those of some queries");
  if (!call.ok()) return;
  float* dq = call.output<float>(0, kFloat, {query_count, columns});
  float* dk = call.output<float>(1, kFloat, {key_count, heads * width});
  float* dv = call.output<float>(2, kFloat, {key_count, heads * width});
  if (dq == nullptr || dk == nullptr || dv == nullptr) return;
  const Attention a{segments, heads, group, width, queries, config.first, keys, data<float>(q), data<float>(k),
                    data<float>(v), data<float>(p),
                    TF_TensorElementCount(mask) == 0 ? nullptr : data<float>(mask),
                    TF_TensorElementCount(cap) == 0 ? nullptr : data<float>(cap), config.scale, config.causal};
  const int64_t key_pad = padded(keys);
  std::vector<float> transposed(segments * heads * width * key_pad);
  for (int64_t row = 0; row < segments * heads; row++) {
    for (int64_t j = 0; j < keys; j++) {
      for (int64_t d = 0; d < width; d++) {
        transposed[(row * width + d) * key_pad + j] = a.v[(row * keys + j) * width + d];
      }
    }
  }
  pool().each(segments * steps * heads, [&](int64_t chunk) {
    const int64_t head = chunk % heads, t = chunk / heads % steps, s = chunk / heads / steps;
    const int64_t group_of_rows = s * steps + t;
    std::vector<float> scratch(2 * kTogether * key_pad);
    StepTask task{s, head, config.reads ? at[t] : 0, query_rows(t), key_rows(t),
                  data<float>(dy) + query_start[group_of_rows] * columns, dq + query_start[group_of_rows] * columns,
                  dk + key_start[group_of_rows] * heads * width + head * width,
                  dv + key_start[group_of_rows] * heads * width + head * width};
    attend_back(a, task, transposed.data() + (s * heads + head) * width * key_pad, scratch.data());
  });
}

void* create_attention(TF_OpKernelConstruction* construction) {
  return new AttentionConfig{bool_attribute(construction, "causal"), bool_attribute(construction, "reads"),
                             bool_attribute(construction, "prefix"), int_attribute(construction, "first"),
                             float_attribute(construction, "scale")};
}

void destroy_attention(void* kernel) { delete static_cast<AttentionConfig*>(kernel); }

}  // namespace

const std::vector<Op> kBlockOps = {
    {"WhenceNorm", {"center: bool", "epsilon: float"}, {"x: float", "weight: float", "bias: float"},
     {"normal: float", "inverse: float", "y: float"}, create_norm, norm, destroy_norm},
    {"WhenceNormPullback", {"center: bool"},
     {"dy: float", "normal: float", "inverse: float", "weight: float", "row: int32"}, {"dx: float"},
     create_norm_pullback, norm_pullback, destroy_flag},
    {"WhenceGated", {"linear: float", "cubic: float", "derivative: bool"}, {"x: float"}, {"out: float"}, create_gated,
     gated, destroy_gated},
    {"WhenceMultiplyRows", {}, {"dy: float", "saved: float", "row: int32"}, {"out: float"}, nullptr, multiply_rows,
     nullptr},
    {"WhenceAttentionPullback", {"causal: bool", "reads: bool", "prefix: bool", "first: int", "scale: float"},
     {"dy: float", "q: float", "k: float", "v: float", "p: float", "mask: float", "cap_slope: float", "read: int32"},
     {"dq: float", "dk: float", "dv: float"}, create_attention, attention_pullback, destroy_attention},
};

}  // namespace whence
