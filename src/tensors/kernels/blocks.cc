// What the blocks of src/nn do besides matrix products, each as one op in place of ten or more:
//
//   WhenceNorm           layer and root mean square normalization
//   WhenceNormPullback   cotangents of all steps through it
//   WhenceGated          activation functions x * sigmoid(a polynomial of x), or their derivatives
//   WhenceMultiplyRows   cotangents times looked-up rows of a saved activation
//
// src/nn has the same in TensorFlow's own ops, for other backends; the same tests hold both against tf.grad.
// Rows of cotangents are ordered by segment, step, position (src/nn/rows.ts).

#include "vector.h"

namespace whence {
namespace {

struct Flag {
  bool value;
};

// ----------------------------------------------------------------------------------------------------- normalization

struct Norm {
  bool center;  // layer norm; false: root mean square
  float epsilon;
};

INLINE void normalize(const float* x, int64_t width, const float* weight, const float* bias, bool center,
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

const auto norm_row = Compiled<normalize>::best();

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

INLINE void pull_norm_back(const float* dy, const float* normal, float inverse, const float* weight,
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

const auto norm_pullback_row = Compiled<pull_norm_back>::best();

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

INLINE void evaluate_gates(const float* x, int64_t count, const Gated& config, float* out) {
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

const auto gate = Compiled<evaluate_gates>::best();

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

INLINE void multiply_numbers(const float* a, const float* b, int64_t width, float* out) {
  for (int64_t i = 0; i < width; i++) out[i] = a[i] * b[i];
}

const auto multiply_row = Compiled<multiply_numbers>::best();

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
};

}  // namespace whence
