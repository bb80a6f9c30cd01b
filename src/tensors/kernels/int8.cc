// LLM.int8 (Dettmers et al. 2022, arXiv:2208.07339): weights are quantized, multiplied and widened without a float copy of
// the model.
//
//   WhenceQuantizeRows   a float weight to int8 codes and the absolute maximum of each output row
//   WhenceInt8Linear     x W^T + b: activations quantized row by row, products in int32, outliers in float
//   WhenceInt8Widen      the codes as floats, each row times its scale / 127: the operand of the pullback
//
// The arithmetic is that of src/tensors/matrix.ts, which does the same with TensorFlow's own ops elsewhere; a test holds
// one against the other. Compiled without contraction to fused multiply-add, which would change roundings: integers are
// exact in any order, so every processor gets the same numbers.

#include <cmath>

#include "processor.h"
#include "tf.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace whence {
namespace {

// bitsandbytes' constants, to the digits that it computes with.
constexpr float kInverse127Squared = 6.200124e-5f;
constexpr float kInverse127 = 7.874015718698502e-3f;

// ------------------------------------------------------------------------------------------------- small arithmetic

// x rounded to the nearest float16 (ties to even), as a float: Veltkamp's splitting with 2^13 + 1.
INLINE float half(float x) {
  const float scaled = x * 8193.0f;
  return scaled - (scaled - x);
}

// Bits of |x|, which are ordered as magnitudes are, what is no number last.
INLINE int32_t magnitude(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits & 0x7fffffff;
}

INLINE float from_magnitude(int32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// Codes per unit are 127 * (1 / absmax), in this order: PyTorch divides a number by a tensor so, and ties depend on it.
INLINE float codes_per_unit(float absmax) { return 127.0f * (1.0f / (absmax == 0 ? 1.0f : absmax)); }

// x rounded to the nearest integer, ties to even, for |x| < 2^22: adding 1.5 * 2^23 leaves no digits behind the point.
INLINE int32_t nearest(float x) { return static_cast<int32_t>((x + 12582912.0f) - 12582912.0f); }

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

// Marks the columns of x that hold an outlier: what is no number is one too, so that it reaches the output.
INLINE void mark_outliers(const float* x, int64_t width, float threshold, int32_t* marks) {
  const int32_t limit = magnitude(threshold);
  for (int64_t i = 0; i < width; i++) marks[i] |= magnitude(half(x[i])) >= limit;
}

const auto mark = Compiled<mark_outliers>::best();

// One row to codes, outliers to code 0; returns the absolute maximum of what is none. `marks`: of columns that are all
// outliers; null: none.
INLINE float quantize_activations(const float* x, int64_t width, float threshold, const int32_t* marks,
                                  uint8_t* codes) {
  const int32_t limit = magnitude(threshold > 0 ? threshold : INFINITY);
  int32_t largest = 0, outside = 0;
  for (int64_t i = 0; i < width; i++) {
    const int32_t size = magnitude(half(x[i])), inner = size < limit ? size : 0;
    largest = inner > largest ? inner : largest;
    outside |= size >= limit;
  }
  if (threshold <= 0 && outside) return NAN;
  const float absmax = from_magnitude(largest), factor = codes_per_unit(absmax);
  for (int64_t i = 0; i < width; i++) {
    const float rounded = half(x[i]);
    const bool inner = magnitude(rounded) < limit && (marks == nullptr || marks[i] == 0);
    codes[i] = static_cast<uint8_t>(nearest((inner ? rounded : 0.0f) * factor) + 128);
  }
  return absmax;
}

const auto quantize_row = Compiled<quantize_activations>::best();

void quantize(const float* x, int64_t rows, int64_t width, const Rule& rule, Quantized* out) {
  out->rows = rows;
  out->width = width;
  out->stride = (width + 63) / 64 * 64;
  // Padding meets weights that are read as zeros: any code does.
  out->codes.resize(rows * out->stride);
  out->scale.resize(rows);
  std::vector<int32_t> marks;
  if (rule.threshold > 0) {
    marks.assign(width, 0);
    for (int64_t row = 0; row < rows; row++) mark(x + row * width, width, rule.threshold, marks.data());
    for (int64_t i = 0; i < width; i++) {
      if (marks[i] != 0) out->columns.push_back(static_cast<int32_t>(i));
    }
  }
  const int32_t* dropped = rule.batch && !out->columns.empty() ? marks.data() : nullptr;
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

// Each kind of processor has its sums of products of M rows of unsigned codes and 4 rows of weights: out [M][4].

struct AnySums {
  template <int M>
  INLINE static void of(const uint8_t* x, int64_t stride, const int8_t* const w[4], int64_t width, int32_t out[M][4]) {
    for (int m = 0; m < M; m++) {
      for (int n = 0; n < 4; n++) {
        int32_t sum = 0;
        for (int64_t i = 0; i < width; i++) sum += x[m * stride + i] * w[n][i];
        out[m][n] = sum;
      }
    }
  }
};

#if defined(__x86_64__)
#define VNNI __attribute__((target("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni,avx2,fma,bmi,bmi2,f16c,lzcnt,movbe")))

// Sums of four vectors of int32, in the order given.
AVX2 inline __m128i sums(__m256i a, __m256i b, __m256i c, __m256i d) {
  const __m256i abcd = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
  return _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256(abcd, 1));
}

// Bytes widened to 16 bits, whose products of two fit in 32: sums of bytes in 16 bits would saturate.
struct Avx2Sums {
  template <int M>
  AVX2 static void of(const uint8_t* x, int64_t stride, const int8_t* const w[4], int64_t width,
                             int32_t out[M][4]) {
    const int64_t whole = width / 16 * 16;
    int8_t rest[4][16] = {};
    for (int n = 0; n < 4; n++) std::memcpy(rest[n], w[n] + whole, width - whole);
    __m256i sum[M][4];
    for (int pair = 0; pair < 4; pair += 2) {  // 4 rows of 4 sums would not stay in 16 registers
      for (int m = 0; m < M; m++) sum[m][pair] = sum[m][pair + 1] = _mm256_setzero_si256();
      for (int64_t i = 0; i < width; i += 16) {
        __m256i weight[2];
        for (int n = 0; n < 2; n++) {
          const int8_t* from = i < whole ? w[pair + n] + i : rest[pair + n];
          weight[n] = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
        }
        for (int m = 0; m < M; m++) {
          const auto* from = reinterpret_cast<const __m128i*>(x + m * stride + i);
          const __m256i code = _mm256_cvtepu8_epi16(_mm_loadu_si128(from));
          for (int n = 0; n < 2; n++) {
            sum[m][pair + n] = _mm256_add_epi32(sum[m][pair + n], _mm256_madd_epi16(code, weight[n]));
          }
        }
      }
    }
    for (int m = 0; m < M; m++) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out[m]), sums(sum[m][0], sum[m][1], sum[m][2], sum[m][3]));
    }
  }
};

struct VnniSums {
  template <int M>
  VNNI static void of(const uint8_t* x, int64_t stride, const int8_t* const w[4], int64_t width,
                             int32_t out[M][4]) {
    __m512i sum[M][4];
    for (int m = 0; m < M; m++) {
      for (int n = 0; n < 4; n++) sum[m][n] = _mm512_setzero_si512();
    }
    for (int64_t i = 0; i < width; i += 64) {
      const __mmask64 lanes = width - i >= 64 ? ~0ull : (1ull << (width - i)) - 1;
      __m512i weight[4];
      for (int n = 0; n < 4; n++) weight[n] = _mm512_maskz_loadu_epi8(lanes, w[n] + i);
      for (int m = 0; m < M; m++) {
        const __m512i code = _mm512_loadu_si512(x + m * stride + i);
        for (int n = 0; n < 4; n++) sum[m][n] = _mm512_dpbusd_epi32(sum[m][n], code, weight[n]);
      }
    }
    for (int m = 0; m < M; m++) {
      __m256i two[4];
      for (int n = 0; n < 4; n++) {
        two[n] = _mm256_add_epi32(_mm512_castsi512_si256(sum[m][n]), _mm512_extracti64x4_epi64(sum[m][n], 1));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out[m]), sums(two[0], two[1], two[2], two[3]));
    }
  }
};
#endif

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

// Four neighboring outputs, of which `count` are there.
struct Outputs {
  int64_t column, count;
  const int8_t* w[4];
  int32_t own[4];  // 128 times the sum of each row of weights, which the activations' offset adds
  float scale[4], bias[4];
};

template <typename Sums, int M>
INLINE void rows_of_outputs(const Product& p, int64_t row, const Outputs& outputs) {
  const Quantized& x = *p.x;
  int32_t sum[M][4];
  Sums::template of<M>(x.codes.data() + row * x.stride, x.stride, outputs.w, x.width, sum);
  for (int m = 0; m < M; m++) {
    float value[4];
    for (int n = 0; n < 4; n++) {
      const float by_row = static_cast<float>(sum[m][n] - outputs.own[n]) * x.scale[row + m];
      value[n] = by_row * outputs.scale[n] + outputs.bias[n];
    }
    std::memcpy(p.y + (row + m) * p.out + outputs.column, value, outputs.count * sizeof(float));
  }
}

template <typename Sums>
INLINE void multiply_chunk(const Product& p, int64_t first, int64_t last) {
  const Quantized& x = *p.x;
  for (int64_t block = 0; block < x.rows; block += kBlock) {
    const int64_t end = std::min(x.rows, block + kBlock);
    for (int64_t column = first; column < last; column += 4) {
      Outputs outputs{column, std::min<int64_t>(4, last - column)};
      for (int n = 0; n < 4; n++) {
        const int64_t own = std::min(column + n, last - 1);
        outputs.w[n] = p.codes + own * x.width;
        int32_t sum = 0;
        for (int64_t i = 0; i < x.width; i++) sum += outputs.w[n][i];
        outputs.own[n] = 128 * sum;
        outputs.scale[n] = p.scale[own];
        outputs.bias[n] = p.bias == nullptr ? 0 : p.bias[own];
      }
      int64_t row = block;
      for (; row + 4 <= end; row += 4) rows_of_outputs<Sums, 4>(p, row, outputs);
      for (; row < end; row++) rows_of_outputs<Sums, 1>(p, row, outputs);
    }
  }
}

#if defined(__x86_64__)
VNNI void multiply_chunk_by_vnni(const Product& p, int64_t first, int64_t last) {
  multiply_chunk<VnniSums>(p, first, last);
}

const auto product_chunk = processor() == Processor::kVnni
                               ? multiply_chunk_by_vnni
                               : Compiled<multiply_chunk<AnySums>, multiply_chunk<Avx2Sums>>::best();
#else
const auto product_chunk = Compiled<multiply_chunk<AnySums>>::best();
#endif

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

INLINE void widen_codes(const int8_t* codes, int64_t width, float factor, float* out) {
  for (int64_t i = 0; i < width; i++) out[i] = codes[i] * factor;
}

const auto widen_row = Compiled<widen_codes>::best();

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
INLINE void quantize_rows_of(const float* weight, int64_t width, int64_t first, int64_t last, int8_t* codes,
                             float* scale) {
  for (int64_t row = first; row < last; row++) {
    const float* w = weight + row * width;
    int32_t largest = 0;
    for (int64_t i = 0; i < width; i++) largest = std::max(largest, magnitude(half(w[i])));
    scale[row] = from_magnitude(largest);
    const float factor = codes_per_unit(scale[row]);
    for (int64_t i = 0; i < width; i++) codes[row * width + i] = static_cast<int8_t>(nearest(half(w[i]) * factor));
  }
}

const auto quantize_weight_rows = Compiled<quantize_rows_of>::best();

constexpr int64_t kRows = 16;  // of codes: a chunk

// Columns first .. last - 1, at most kRows, of a weight [width, rows], stored input by input: rows of the codes.
INLINE void quantize_columns_of(const float* weight, int64_t width, int64_t rows, int64_t first, int64_t last,
                                int8_t* codes, float* scale) {
  const int64_t count = last - first;
  int32_t largest[kRows] = {};
  for (int64_t i = 0; i < width; i++) {
    for (int64_t n = 0; n < count; n++) {
      largest[n] = std::max(largest[n], magnitude(half(weight[i * rows + first + n])));
    }
  }
  float factor[kRows];
  for (int64_t n = 0; n < count; n++) {
    scale[first + n] = from_magnitude(largest[n]);
    factor[n] = codes_per_unit(scale[first + n]);
  }
  for (int64_t i = 0; i < width; i++) {
    for (int64_t n = 0; n < count; n++) {
      codes[(first + n) * width + i] = static_cast<int8_t>(nearest(half(weight[i * rows + first + n]) * factor[n]));
    }
  }
}

const auto quantize_weight_columns = Compiled<quantize_columns_of>::best();

void quantize_rows(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* weight = call.input(0);
  if (!call.ok()) return;
  const bool input_major = *static_cast<bool*>(kernel);
  const int64_t out = TF_Dim(weight, input_major ? 1 : 0), width = TF_Dim(weight, input_major ? 0 : 1);
  int8_t* codes = call.output<int8_t>(0, kUint8, {out, width});
  float* scale = call.output<float>(1, kFloat, {out});
  if (codes == nullptr || scale == nullptr) return;
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
