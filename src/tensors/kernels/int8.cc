// LLM.int8 (Dettmers et al. 2022, arXiv:2208.07339) on processors with AVX-512 VNNI: weights are quantized, multiplied
// and widened without a float copy of the model.
//
//   WhenceQuantizeRows   a float weight to int8 codes and the absolute maximum of each output row
//   WhenceInt8Linear     x W^T + b: activations quantized row by row, products in int32, outliers in float
//   WhenceInt8Widen      the codes as floats, each row times its scale / 127: the operand of the pullback
//
// The arithmetic is that of src/tensors/matrix.ts, which does the same with TensorFlow's own ops elsewhere; a test holds
// one against the other. Compiled without contraction to fused multiply-add, which would change roundings.

#include <immintrin.h>

#include <cmath>

#include "tf.h"

namespace whence {
namespace {

// bitsandbytes' constants, to the digits that it computes with.
constexpr float kInverse127Squared = 6.200124e-5f;
constexpr float kInverse127 = 7.874015718698502e-3f;

#define VNNI __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

// ------------------------------------------------------------------------------------------------- small arithmetic

// Lanes of a 16-wide vector that hold entries i .. of a row of n.
inline __mmask16 lanes16(int64_t i, int64_t n) {
  return n - i >= 16 ? 0xffff : static_cast<__mmask16>((1u << (n - i)) - 1);
}

inline __mmask64 lanes64(int64_t i, int64_t n) { return n - i >= 64 ? ~0ull : (1ull << (n - i)) - 1; }

// x rounded to the nearest float16 (ties to even), as a float: Veltkamp's splitting with 2^13 + 1.
VNNI inline __m512 half(__m512 x) {
  const __m512 scaled = _mm512_mul_ps(x, _mm512_set1_ps(8193.0f));
  return _mm512_sub_ps(scaled, _mm512_sub_ps(scaled, x));
}

VNNI inline __m512 magnitude(__m512 x) { return _mm512_abs_ps(x); }

// Sums of four vectors of int32, in the order given.
VNNI inline __m128i sums(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
  const __m512i abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  const __m256i two = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64(abcd, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256(two, 1));
}

// ------------------------------------------------------------------------------------------- activations, quantized

struct Rule {
  float threshold;  // 0: no outliers
  bool batch;       // outliers are whole columns of the batch, not entries of a row
};

// Activations as unsigned bytes code + 128, rows padded to whole vectors, with what was left out of them.
struct Quantized {
  int64_t rows, width, stride;
  std::vector<uint8_t> codes;         // [rows, stride]
  std::vector<float> scale;           // absmax / 127^2 of each row
  std::vector<int32_t> columns;       // columns in which some row has an outlier
};

// Marks the columns of x that hold an outlier.
VNNI void mark(const float* x, int64_t width, float threshold, uint8_t* marks) {
  const __m512 limit = _mm512_set1_ps(threshold);
  for (int64_t i = 0; i < width; i += 16) {
    const __mmask16 lanes = lanes16(i, width);
    const __m512 rounded = half(_mm512_maskz_loadu_ps(lanes, x + i));
    // "Not less": what is no number is an outlier too, so that it reaches the output.
    __mmask16 out = lanes & _mm512_cmp_ps_mask(magnitude(rounded), limit, _CMP_NLT_UQ);
    for (; out != 0; out &= out - 1) marks[i + __builtin_ctz(out)] = 1;
  }
}

// Codes per unit are 127 * (1 / absmax), in this order: PyTorch divides a number by a tensor so, and ties depend on it.

// One row to codes; `marks`: columns that get code 0, null: none. Returns the absolute maximum of what is no outlier.
VNNI float quantize_row(const float* x, int64_t width, float threshold, const uint8_t* marks, uint8_t* codes) {
  const __m512 limit = _mm512_set1_ps(threshold > 0 ? threshold : INFINITY);
  __m512 largest = _mm512_setzero_ps();
  bool finite = true;
  for (int64_t i = 0; i < width; i += 16) {
    const __m512 rounded = half(_mm512_maskz_loadu_ps(lanes16(i, width), x + i));
    const __mmask16 inner = _mm512_cmp_ps_mask(magnitude(rounded), limit, _CMP_LT_OQ);
    largest = _mm512_mask_max_ps(largest, inner, largest, magnitude(rounded));
    finite &= inner == 0xffff;
  }
  if (threshold <= 0 && !finite) return NAN;
  const float absmax = _mm512_reduce_max_ps(largest);
  const __m512 factor = _mm512_set1_ps(127.0f * (1.0f / (absmax == 0 ? 1.0f : absmax)));
  const __m512i offset = _mm512_set1_epi32(128);
  for (int64_t i = 0; i < width; i += 16) {
    const __mmask16 lanes = lanes16(i, width);
    const __m512 rounded = half(_mm512_maskz_loadu_ps(lanes, x + i));
    __mmask16 inner = _mm512_cmp_ps_mask(magnitude(rounded), limit, _CMP_LT_OQ);
    if (marks != nullptr) {
      const __m128i marked = _mm_maskz_loadu_epi8(lanes, marks + i);
      inner &= _mm_cmpeq_epi8_mask(marked, _mm_setzero_si128());
    }
    const __m512i code = _mm512_cvtps_epi32(_mm512_maskz_mul_ps(inner, rounded, factor));
    _mm_mask_storeu_epi8(codes + i, lanes, _mm512_cvtepi32_epi8(_mm512_add_epi32(code, offset)));
  }
  return absmax;
}

void quantize(const float* x, int64_t rows, int64_t width, const Rule& rule, Quantized* out) {
  out->rows = rows;
  out->width = width;
  out->stride = (width + 63) / 64 * 64;
  // Padding meets weights that are read as zeros: any code does.
  out->codes.resize(rows * out->stride);
  out->scale.resize(rows);
  std::vector<uint8_t> marks;
  if (rule.threshold > 0) {
    marks.assign(width, 0);
    for (int64_t row = 0; row < rows; row++) mark(x + row * width, width, rule.threshold, marks.data());
    for (int64_t i = 0; i < width; i++) {
      if (marks[i] != 0) out->columns.push_back(static_cast<int32_t>(i));
    }
  }
  const uint8_t* dropped = rule.batch && !out->columns.empty() ? marks.data() : nullptr;
  constexpr int64_t kRows = 32;
  pool().each((rows + kRows - 1) / kRows, [&](int64_t chunk) {
    for (int64_t row = chunk * kRows; row < std::min(rows, (chunk + 1) * kRows); row++) {
      const float absmax =
          quantize_row(x + row * width, width, rule.threshold, dropped, out->codes.data() + row * out->stride);
      out->scale[row] = absmax * kInverse127Squared;
    }
  });
}

// ------------------------------------------------------------------------------------------------- integer products

// Products of M rows of activations and 4 rows of weights; `own` is 128 times the sums of those rows of weights, which
// the activations' offset has added.
template <int M>
VNNI inline void tile(const uint8_t* x, int64_t x_stride, const int8_t* const w[4], int64_t width, __m128i own,
                      __m128i out[M]) {
  __m512i sum[M][4];
  for (int m = 0; m < M; m++) {
    for (int n = 0; n < 4; n++) sum[m][n] = _mm512_setzero_si512();
  }
  int64_t i = 0;
  for (; i + 64 <= width; i += 64) {
    __m512i weight[4];
    for (int n = 0; n < 4; n++) weight[n] = _mm512_loadu_si512(w[n] + i);
    for (int m = 0; m < M; m++) {
      const __m512i code = _mm512_loadu_si512(x + m * x_stride + i);
      for (int n = 0; n < 4; n++) sum[m][n] = _mm512_dpbusd_epi32(sum[m][n], code, weight[n]);
    }
  }
  if (i < width) {
    const __mmask64 lanes = lanes64(i, width);
    __m512i weight[4];
    for (int n = 0; n < 4; n++) weight[n] = _mm512_maskz_loadu_epi8(lanes, w[n] + i);
    for (int m = 0; m < M; m++) {
      const __m512i code = _mm512_loadu_si512(x + m * x_stride + i);
      for (int n = 0; n < 4; n++) sum[m][n] = _mm512_dpbusd_epi32(sum[m][n], code, weight[n]);
    }
  }
  for (int m = 0; m < M; m++) out[m] = _mm_sub_epi32(sums(sum[m][0], sum[m][1], sum[m][2], sum[m][3]), own);
}

// 128 times the sum of each of 4 rows of weights.
VNNI inline __m128i offsets(const int8_t* const w[4], int64_t width) {
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i sum[4];
  for (int n = 0; n < 4; n++) {
    sum[n] = _mm512_setzero_si512();
    for (int64_t i = 0; i < width; i += 64) {
      sum[n] = _mm512_dpbusd_epi32(sum[n], ones, _mm512_maskz_loadu_epi8(lanes64(i, width), w[n] + i));
    }
  }
  return _mm_slli_epi32(sums(sum[0], sum[1], sum[2], sum[3]), 7);
}

struct Product {
  const Quantized* x;
  const float* input;   // [rows, width]: the activations themselves, for outliers
  const int8_t* codes;  // [out, width]
  const float* scale;   // [out]
  const float* bias;    // [out], or null
  int64_t out;
  Rule rule;
  float* y;  // [rows, out]
};

constexpr int64_t kColumns = 64;  // outputs of a chunk
constexpr int64_t kBlock = 96;    // rows whose codes stay in the second cache while a chunk's weights pass

template <int M>
VNNI inline void rows_of_tile(const Product& p, int64_t row, const int8_t* const w[4], __m128i own, __m128 scale,
                              __m128 bias, int64_t column, __mmask8 lanes) {
  const Quantized& x = *p.x;
  __m128i sum[M];
  tile<M>(x.codes.data() + row * x.stride, x.stride, w, x.width, own, sum);
  for (int m = 0; m < M; m++) {
    const __m128 by_row = _mm_mul_ps(_mm_cvtepi32_ps(sum[m]), _mm_set1_ps(x.scale[row + m]));
    const __m128 value = _mm_add_ps(_mm_mul_ps(by_row, scale), bias);
    _mm_mask_storeu_ps(p.y + (row + m) * p.out + column, lanes, value);
  }
}

VNNI void product_chunk(const Product& p, int64_t first, int64_t last) {
  const Quantized& x = *p.x;
  for (int64_t block = 0; block < x.rows; block += kBlock) {
    const int64_t end = std::min(x.rows, block + kBlock);
    for (int64_t column = first; column < last; column += 4) {
      const __mmask8 lanes = last - column >= 4 ? 0xf : static_cast<__mmask8>((1u << (last - column)) - 1);
      const int8_t* w[4];
      for (int n = 0; n < 4; n++) w[n] = p.codes + std::min(column + n, last - 1) * x.width;
      const __m128i own = offsets(w, x.width);
      const __m128 scale = _mm_maskz_loadu_ps(lanes, p.scale + column);
      const __m128 bias = p.bias == nullptr ? _mm_setzero_ps() : _mm_maskz_loadu_ps(lanes, p.bias + column);
      int64_t row = block;
      for (; row + 4 <= end; row += 4) rows_of_tile<4>(p, row, w, own, scale, bias, column, lanes);
      for (; row < end; row++) rows_of_tile<1>(p, row, w, own, scale, bias, column, lanes);
    }
  }
}

// Adds what outliers contribute: entry times dequantized weight.
void add_outliers(const Product& p, int64_t first, int64_t last) {
  const Quantized& x = *p.x;
  const int64_t count = last - first;
  std::vector<float> weights(x.columns.size() * count);
  for (size_t j = 0; j < x.columns.size(); j++) {
    for (int64_t n = 0; n < count; n++) {
      weights[j * count + n] = p.codes[(first + n) * x.width + x.columns[j]];
    }
  }
  std::vector<float> sum(count);
  for (int64_t row = 0; row < x.rows; row++) {
    bool any = false;
    std::fill(sum.begin(), sum.end(), 0.0f);
    for (size_t j = 0; j < x.columns.size(); j++) {
      const float value = p.input[row * x.width + x.columns[j]];
      const float scaled = value * 8193.0f;
      if (!p.rule.batch && std::fabs(scaled - (scaled - value)) < p.rule.threshold) continue;
      any = true;
      const float* weight = weights.data() + j * count;
      for (int64_t n = 0; n < count; n++) sum[n] += value * weight[n];
    }
    if (!any) continue;
    float* y = p.y + row * p.out + first;
    for (int64_t n = 0; n < count; n++) y[n] += sum[n] * (p.scale[first + n] * kInverse127);
  }
}

void linear(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* x = call.input(0);
  const TF_Tensor* codes = call.input(1);
  const TF_Tensor* scale = call.input(2);
  const TF_Tensor* bias = call.input(3);
  if (!call.ok()) return;
  const int64_t rows = TF_Dim(x, 0), width = TF_Dim(x, 1), out = TF_Dim(codes, 0);
  call.require(TF_Dim(codes, 1) == width && TF_Dim(scale, 0) == out, "activations and weights do not fit");
  call.require(TF_Dim(bias, 0) == out || TF_Dim(bias, 0) == 0, "the bias does not fit the weights");
  if (!call.ok()) return;
  float* y = call.output<float>(0, kFloat, {rows, out});
  if (y == nullptr) return;
  const Rule& rule = *static_cast<Rule*>(kernel);
  Quantized quantized;
  quantize(data<float>(x), rows, width, rule, &quantized);
  const float* b = TF_Dim(bias, 0) == 0 ? nullptr : data<float>(bias);
  const Product p{&quantized, data<float>(x), data<int8_t>(codes), data<float>(scale), b, out, rule, y};
  pool().each((out + kColumns - 1) / kColumns, [&](int64_t chunk) {
    const int64_t first = chunk * kColumns, last = std::min(out, first + kColumns);
    product_chunk(p, first, last);
    if (!quantized.columns.empty()) add_outliers(p, first, last);
  });
}

void* create_linear(TF_OpKernelConstruction* construction) {
  return new Rule{float_attribute(construction, "threshold"), bool_attribute(construction, "batch")};
}

void destroy_linear(void* kernel) { delete static_cast<Rule*>(kernel); }

// ------------------------------------------------------------------------------------------------------------ widen

VNNI void widen_row(const int8_t* codes, int64_t width, float factor, float* out) {
  const __m512 scale = _mm512_set1_ps(factor);
  for (int64_t i = 0; i < width; i += 16) {
    const __mmask16 lanes = lanes16(i, width);
    const __m512 code = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(lanes, codes + i)));
    _mm512_mask_storeu_ps(out + i, lanes, _mm512_mul_ps(code, scale));
  }
}

void widen(void*, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* codes = call.input(0);
  const TF_Tensor* scale = call.input(1);
  if (!call.ok()) return;
  const int64_t rows = TF_Dim(codes, 0), width = TF_Dim(codes, 1);
  call.require(TF_Dim(scale, 0) == rows, "the scales do not fit the weights");
  if (!call.ok()) return;
  float* out = call.output<float>(0, kFloat, {rows, width});
  if (out == nullptr) return;
  constexpr int64_t kRows = 64;
  pool().each((rows + kRows - 1) / kRows, [&](int64_t chunk) {
    for (int64_t row = chunk * kRows; row < std::min(rows, (chunk + 1) * kRows); row++) {
      const float factor = data<float>(scale)[row] * (1.0f / 127.0f);
      widen_row(data<int8_t>(codes) + row * width, width, factor, out + row * width);
    }
  });
}

// --------------------------------------------------------------------------------------------------- weights to codes

// Rows first .. last - 1 of a weight [rows, width].
VNNI void quantize_weight_rows(const float* weight, int64_t width, int64_t first, int64_t last, int8_t* codes,
                               float* scale) {
  for (int64_t row = first; row < last; row++) {
    const float* w = weight + row * width;
    __m512 largest = _mm512_setzero_ps();
    for (int64_t i = 0; i < width; i += 16) {
      largest = _mm512_max_ps(largest, magnitude(half(_mm512_maskz_loadu_ps(lanes16(i, width), w + i))));
    }
    scale[row] = _mm512_reduce_max_ps(largest);
    const __m512 factor = _mm512_set1_ps(127.0f * (1.0f / (scale[row] == 0 ? 1.0f : scale[row])));
    for (int64_t i = 0; i < width; i += 16) {
      const __mmask16 lanes = lanes16(i, width);
      const __m512 rounded = half(_mm512_maskz_loadu_ps(lanes, w + i));
      const __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(rounded, factor));
      _mm_mask_storeu_epi8(codes + row * width + i, lanes, _mm512_cvtepi32_epi8(code));
    }
  }
}

// Columns first .. last - 1 (at most 16) of a weight [width, rows], stored input by input: rows of the codes.
VNNI void quantize_weight_columns(const float* weight, int64_t width, int64_t rows, int64_t first, int64_t last,
                                  int8_t* codes, float* scale) {
  const __mmask16 lanes = lanes16(first, last);
  __m512 largest = _mm512_setzero_ps();
  for (int64_t i = 0; i < width; i++) {
    largest = _mm512_max_ps(largest, magnitude(half(_mm512_maskz_loadu_ps(lanes, weight + i * rows + first))));
  }
  _mm512_mask_storeu_ps(scale + first, lanes, largest);
  const __mmask16 zero = _mm512_cmp_ps_mask(largest, _mm512_setzero_ps(), _CMP_EQ_OQ);
  const __m512 one_each = _mm512_set1_ps(1.0f);
  const __m512 reciprocal = _mm512_div_ps(one_each, _mm512_mask_blend_ps(zero, largest, one_each));
  const __m512 factor = _mm512_mul_ps(reciprocal, _mm512_set1_ps(127.0f));
  alignas(16) int8_t one[16];
  for (int64_t i = 0; i < width; i++) {
    const __m512 w = half(_mm512_maskz_loadu_ps(lanes, weight + i * rows + first));
    const __m512i code = _mm512_cvtps_epi32(_mm512_mul_ps(w, factor));
    _mm_store_si128(reinterpret_cast<__m128i*>(one), _mm512_cvtepi32_epi8(code));
    for (int64_t n = first; n < last; n++) codes[n * width + i] = one[n - first];
  }
}

void quantize_rows(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* weight = call.input(0);
  if (!call.ok()) return;
  const bool input_major = *static_cast<bool*>(kernel);
  const int64_t out = TF_Dim(weight, input_major ? 1 : 0), width = TF_Dim(weight, input_major ? 0 : 1);
  int8_t* codes = call.output<int8_t>(0, kUint8, {out, width});
  float* scale = call.output<float>(1, kFloat, {out});
  if (codes == nullptr || scale == nullptr) return;
  constexpr int64_t kRows = 16;
  pool().each((out + kRows - 1) / kRows, [&](int64_t chunk) {
    const int64_t first = chunk * kRows, last = std::min(out, first + kRows);
    if (input_major) quantize_weight_columns(data<float>(weight), width, out, first, last, codes, scale);
    else quantize_weight_rows(data<float>(weight), width, first, last, codes, scale);
  });
}

void* create_quantize(TF_OpKernelConstruction* construction) {
  return new bool(bool_attribute(construction, "input_major"));
}

void destroy_quantize(void* kernel) { delete static_cast<bool*>(kernel); }

}  // namespace

const std::vector<Op> kInt8Ops = {
    {"WhenceQuantizeRows", {"input_major: bool"}, {"weight: float"}, {"codes: uint8", "scale: float"},
     create_quantize, quantize_rows, destroy_quantize},
    {"WhenceInt8Linear", {"threshold: float", "batch: bool"},
     {"x: float", "codes: uint8", "scale: float", "bias: float"}, {"y: float"}, create_linear, linear, destroy_linear},
    {"WhenceInt8Widen", {}, {"codes: uint8", "scale: float"}, {"weight: float"}, nullptr, widen, nullptr},
};

}  // namespace whence
