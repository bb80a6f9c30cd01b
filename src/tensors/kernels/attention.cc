// Attention over the rows of many texts at once (src/nn/attention.ts):
//
//   WhenceAttention          softmax(q k^T) v, each query over the keys of its own segment, which may come from caches
//   WhenceAttentionPullback  cotangents of queries, keys and values of all steps
//
// Nothing is padded, and each (segment, head) is computed by itself, in an order that its own sizes decide: a text's
// numbers do not depend on what runs beside it. Probabilities are not saved for the pullback, which computes them again:
// that costs less than reading them, and memory grows with rows, not with rows times keys (Dao et al. 2022,
// arXiv:2205.14135, section 3.1).
//
// Queries that see the same keys, those of a group of heads too, are the columns of a block, 16 or 32 of them, so that
// scores, softmax and sums run across whole vectors whatever the number of keys.

#include "vector.h"

namespace whence {
namespace {

// What all queries of a call have in common.
struct Attention {
  int64_t heads, kv_heads, window, zero;  // window 0: none; zero: column of `bias` for the distance 0
  float scale, softcap;                   // softcap 0: none
  bool causal;
  int64_t width, group, span;  // of a head; query heads of a kv head; columns of `bias`
  const float *q, *bias;       // q [rows, heads * width]; bias [heads, span], null: none
  const int32_t* position;     // of each row of q
};

// Keys and values of a segment: a range of earlier ones, then one of its own. Rows have `stride` numbers.
struct Keys {
  const float *k[2], *v[2];
  int64_t count[2];
  int64_t stride;

  int64_t total() const { return count[0] + count[1]; }
};

// A row of the table of segments, as src/nn/attention-rows.ts writes it.
struct Segment {
  int32_t query, queries;             // first row of q, and how many
  int32_t cache, before, before_count;  // earlier keys: of which cache (-1: of k), its segment (of k: row), how many (-1: all)
  int32_t own, own_count;             // rows of k
};
constexpr int64_t kSegmentColumns = sizeof(Segment) / sizeof(int32_t);

// A row of the table of steps: cotangents of one generated token in one segment.
struct Step {
  int32_t segment;
  int32_t row, rows;  // first row of dy, and how many
  int32_t query;      // the first one's place among the segment's queries
  int32_t key, keys;  // first row of dk and dv, and how many: the keys that the step sees
};
constexpr int64_t kStepColumns = sizeof(Step) / sizeof(int32_t);

constexpr float kHidden = -1e30f;

// Fewer columns of a single query than this are computed one by one.
constexpr int64_t kFew = 8;
// Queries of one task, so that long texts spread over threads.
constexpr int64_t kQueries = 64;
// Products and sums of a task that is worth waking another thread for.
constexpr int64_t kWork = 1 << 18;
constexpr int64_t kWidest = 32;

// The columns of a block: column c is query c / group of the task, in head c % group of its group.
template <int C>
struct Columns {
  int64_t count;             // in use; the others repeat the last
  int64_t query[C], head[C];  // the query's row of q; its head among all
  int32_t position[C];
  int64_t low, high;         // keys that some column sees
};

template <int C>
INLINE void place(const Attention& a, int64_t kv_head, int64_t first_query, int64_t first, int64_t end, int64_t keys,
                  Columns<C>* out) {
  out->count = std::min<int64_t>(C, end - first);
  int64_t low = keys, high = 0;
  for (int64_t c = 0; c < C; c++) {
    const int64_t column = std::min(first + c, end - 1);
    out->query[c] = first_query + column / a.group;
    out->head[c] = kv_head * a.group + column % a.group;
    const int64_t position = a.position[out->query[c]];
    out->position[c] = static_cast<int32_t>(position);
    low = std::min(low, a.window > 0 ? std::max<int64_t>(0, position - a.window + 1) : 0);
    high = std::max(high, a.causal ? std::min(keys, position + 1) : keys);
  }
  out->low = low;
  out->high = high;
}

// Rows of `from` [rows, heads * width] that the columns name, times `factor`, as columns of out [width, C]. `shift` is
// what to take off a column's query to get its row.
template <int C>
INLINE void pack(const Attention& a, const Columns<C>& columns, const float* from, int64_t shift, float factor,
                 float* out) {
  for (int64_t c = 0; c < C; c++) {
    const float* row = from + (columns.query[c] - shift) * a.heads * a.width + columns.head[c] * a.width;
    for (int64_t d = 0; d < a.width; d++) out[d * C + c] = row[d] * factor;
  }
}

// products [keys low .. high - 1, C] of rows of keys, or of values, with packed columns.
template <int C>
INLINE void products(const Keys& keys, const float* const rows[2], const Columns<C>& columns, const float* packed,
                     int64_t width, float* out) {
  int64_t base = 0;
  for (int part = 0; part < 2; base += keys.count[part++]) {
    const int64_t from = std::max(columns.low, base), to = std::min(columns.high, base + keys.count[part]);
    if (from >= to) continue;
    product<8, C / kLanes>({rows[part] + (from - base) * keys.stride, keys.stride, 1}, packed, C,
                           out + (from - columns.low) * C, C, to - from, C, width, false);
  }
}

// Scores [keys, C] become exponentials of their distance from the column's largest; `sum` [C] are theirs. `slope`
// [keys, C] receives the soft cap's derivative, where it has one.
template <int C>
INLINE void exponentials(const Attention& a, const Columns<C>& columns, float* s, float* slope, float* sum) {
  const int64_t count = columns.high - columns.low;
  float largest[C];
  for (int c = 0; c < C; c++) largest[c] = kHidden;
  const int32_t window = a.window > 0 ? static_cast<int32_t>(a.window) : INT32_MAX;
  for (int64_t k = 0; k < count; k++) {
    float* row = s + k * C;
    const int32_t key = static_cast<int32_t>(columns.low + k);
    if (a.softcap > 0) {
      for (int c = 0; c < C; c++) {
        const float bounded = tanh_of(row[c] / a.softcap);
        row[c] = bounded * a.softcap;
        if (slope != nullptr) slope[k * C + c] = 1 - bounded * bounded;
      }
    }
    if (a.bias != nullptr) {
      for (int c = 0; c < C; c++) row[c] += a.bias[columns.head[c] * a.span + a.zero + key - columns.position[c]];
    }
    if (a.causal) {
      for (int c = 0; c < C; c++) {
        const int32_t behind = columns.position[c] - key;
        row[c] = behind < 0 || behind >= window ? kHidden : row[c];
      }
    }
    for (int c = 0; c < C; c++) largest[c] = row[c] > largest[c] ? row[c] : largest[c];
  }
  for (int c = 0; c < C; c++) sum[c] = 0;
  for (int64_t k = 0; k < count; k++) {
    float* row = s + k * C;
    for (int c = 0; c < C; c++) {
      const float e = exp_of_negative(row[c] - largest[c]);
      row[c] = row[c] <= kHidden ? 0 : e;
      sum[c] += row[c];
    }
  }
}

// ------------------------------------------------------------------------------------------------------------ forward

// Queries of one kv head of a segment.
struct Task {
  const Segment* segment;
  Keys keys;            // of the head
  int64_t head;         // kv head
  int64_t first, count;  // of the segment's queries
  int64_t maps;         // where the segment's probabilities [heads, queries, keys] begin
  float* append[2];     // where the head's own keys and values are written behind a cache; null: nowhere
};

struct Forward : Attention {
  const float* mask;      // dropout, as probabilities; null: none
  float* probabilities;   // null: not wanted
  float* out;             // [rows, heads * width], from row `first_row` of q on
  int64_t first_row;
};

// `scratch` holds kWidest * (keys + 2 * width) numbers.
template <int C>
INLINE void attend_block(const Forward& a, const Task& task, int64_t first, int64_t end, float* scratch) {
  const Keys& keys = task.keys;
  const int64_t total = keys.total(), queries = task.segment->queries;
  Columns<C> columns;
  place<C>(a, task.head, task.segment->query + task.first, first, end, total, &columns);
  float *packed = scratch, *mixed = packed + a.width * C, *s = mixed + a.width * C, sum[C];
  pack<C>(a, columns, a.q, 0, a.scale, packed);
  products<C>(keys, keys.k, columns, packed, a.width, s);
  exponentials<C>(a, columns, s, nullptr, sum);
  for (int64_t k = 0; k < columns.high - columns.low; k++) {
    for (int c = 0; c < C; c++) s[k * C + c] /= sum[c];
  }
  for (int64_t c = 0; c < columns.count && (a.probabilities != nullptr || a.mask != nullptr); c++) {
    const int64_t query = columns.query[c] - task.segment->query;
    const int64_t at = task.maps + (columns.head[c] * queries + query) * total;
    if (a.probabilities != nullptr) {
      float* p = a.probabilities + at;
      for (int64_t j = 0; j < total; j++) p[j] = 0;
      for (int64_t j = columns.low; j < columns.high; j++) p[j] = s[(j - columns.low) * C + c];
    }
    if (a.mask != nullptr) {
      for (int64_t j = columns.low; j < columns.high; j++) s[(j - columns.low) * C + c] *= a.mask[at + j];
    }
  }
  int64_t base = 0;
  bool adding = false;
  for (int part = 0; part < 2; base += keys.count[part++]) {
    const int64_t from = std::max(columns.low, base), to = std::min(columns.high, base + keys.count[part]);
    if (from >= to) continue;
    product<4, 4>({s + (from - columns.low) * C, 1, C}, keys.v[part] + (from - base) * keys.stride, keys.stride, mixed,
                  a.width, columns.count, a.width, to - from, adding);
    adding = true;
  }
  for (int64_t c = 0; c < columns.count; c++) {
    float* out = a.out + (columns.query[c] - a.first_row) * a.heads * a.width + columns.head[c] * a.width;
    for (int64_t d = 0; d < a.width; d++) out[d] = mixed[c * a.width + d];
  }
}

// out [count] = rows of keys times one query.
INLINE void dots(const float* query, const float* rows, int64_t stride, int64_t count, int64_t width, float* out) {
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    Lanes sum[4] = {};
    float rest[4] = {};
    int64_t d = 0;
    for (; d + kLanes <= width; d += kLanes) {
      const Lanes own = load(query + d);
      for (int m = 0; m < 4; m++) sum[m] += own * load(rows + (j + m) * stride + d);
    }
    for (; d < width; d++) {
      for (int m = 0; m < 4; m++) rest[m] += query[d] * rows[(j + m) * stride + d];
    }
    for (int m = 0; m < 4; m++) out[j + m] = sum_of(sum[m]) + rest[m];
  }
  for (; j < count; j++) {
    Lanes sum{};
    float rest = 0;
    int64_t d = 0;
    for (; d + kLanes <= width; d += kLanes) sum += load(query + d) * load(rows + j * stride + d);
    for (; d < width; d++) rest += query[d] * rows[j * stride + d];
    out[j] = sum_of(sum) + rest;
  }
}

// As attend_block, for one column: a token that is being generated.
INLINE void attend_one(const Forward& a, const Task& task, int64_t column, float* scratch) {
  const Keys& keys = task.keys;
  const int64_t total = keys.total(), local = task.first + column / a.group;
  const int64_t query = task.segment->query + local, head = task.head * a.group + column % a.group;
  const int64_t position = a.position[query];
  const int64_t low = a.window > 0 ? std::max<int64_t>(0, position - a.window + 1) : 0;
  const int64_t high = a.causal ? std::min(total, position + 1) : total;
  float *scaled = scratch, *s = scratch + a.width;
  const float* q = a.q + query * a.heads * a.width + head * a.width;
  for (int64_t d = 0; d < a.width; d++) scaled[d] = q[d] * a.scale;
  int64_t base = 0;
  for (int part = 0; part < 2; base += keys.count[part++]) {
    const int64_t from = std::max(low, base), to = std::min(high, base + keys.count[part]);
    if (from < to) {
      dots(scaled, keys.k[part] + (from - base) * keys.stride, keys.stride, to - from, a.width, s + from - low);
    }
  }
  const int64_t count = high - low;
  if (a.softcap > 0) {
    for (int64_t j = 0; j < count; j++) s[j] = tanh_of(s[j] / a.softcap) * a.softcap;
  }
  if (a.bias != nullptr) {
    const float* bias = a.bias + head * a.span + a.zero + low - position;
    for (int64_t j = 0; j < count; j++) s[j] += bias[j];
  }
  const float largest = *std::max_element(s, s + count);
  for (int64_t j = 0; j < count; j++) s[j] = exp_of_negative(s[j] - largest);
  Lanes sums{};
  int64_t whole = 0;
  for (; whole + kLanes <= count; whole += kLanes) sums += load(s + whole);
  float sum = sum_of(sums);
  for (; whole < count; whole++) sum += s[whole];
  for (int64_t j = 0; j < count; j++) s[j] /= sum;
  const int64_t at = task.maps + (head * task.segment->queries + local) * total;
  if (a.probabilities != nullptr) {
    float* p = a.probabilities + at;
    for (int64_t j = 0; j < total; j++) p[j] = 0;
    for (int64_t j = 0; j < count; j++) p[low + j] = s[j];
  }
  if (a.mask != nullptr) {
    for (int64_t j = 0; j < count; j++) s[j] *= a.mask[at + low + j];
  }
  float* out = a.out + (query - a.first_row) * a.heads * a.width + head * a.width;
  base = 0;
  bool adding = false;
  for (int part = 0; part < 2; base += keys.count[part++]) {
    const int64_t from = std::max(low, base), to = std::min(high, base + keys.count[part]);
    if (from >= to) continue;
    product<1, 4>({s + from - low, 1, 1}, keys.v[part] + (from - base) * keys.stride, keys.stride, out, a.width, 1,
                  a.width, to - from, adding);
    adding = true;
  }
}

INLINE void attend_task(const Forward& a, const Task& task, float* scratch) {
  if (task.append[0] != nullptr) {
    const Keys& keys = task.keys;
    for (int64_t j = 0; j < keys.count[1]; j++) {
      std::memcpy(task.append[0] + j * keys.stride, keys.k[1] + j * keys.stride, a.width * sizeof(float));
      std::memcpy(task.append[1] + j * keys.stride, keys.v[1] + j * keys.stride, a.width * sizeof(float));
    }
  }
  const int64_t end = task.count * a.group;
  // Only where a segment has a single query: texts of other lengths are to be rounded alike, so that differences of their
  // scores are as exact as they can be.
  if (task.segment->queries == 1 && end < kFew) {
    for (int64_t column = 0; column < end; column++) attend_one(a, task, column, scratch);
    return;
  }
  for (int64_t first = 0; first < end; first += kWidest) {
    if (end - first > kLanes) attend_block<kWidest>(a, task, first, end, scratch);
    else attend_block<kLanes>(a, task, first, end, scratch);
  }
}

const auto attend = Compiled<attend_task>::best();

// ------------------------------------------------------------------------------------------------------------- a call

// Calls body(i) for every task, neighbors together that are worth a thread's while.
void each_of(const std::vector<int64_t>& work, const std::function<void(int64_t)>& body) {
  std::vector<int64_t> ends;
  int64_t sum = 0;
  for (size_t i = 0; i < work.size(); i++) {
    sum += work[i];
    if (sum < kWork && i + 1 < work.size()) continue;
    ends.push_back(static_cast<int64_t>(i) + 1);
    sum = 0;
  }
  pool().each(static_cast<int64_t>(ends.size()), [&](int64_t chunk) {
    for (int64_t i = chunk == 0 ? 0 : ends[chunk - 1]; i < ends[chunk]; i++) body(i);
  });
}

// So many numbers of this thread's own.
float* scratch_of(int64_t count) {
  static thread_local std::vector<float> numbers;
  if (static_cast<int64_t>(numbers.size()) < count) numbers.resize(count);
  return numbers.data();
}

struct Config {
  Attention common;
  bool keep, append;
};

void* create(TF_OpKernelConstruction* construction, bool forward) {
  Attention a{};
  a.heads = int_attribute(construction, "heads");
  a.kv_heads = int_attribute(construction, "kv_heads");
  a.window = int_attribute(construction, "window");
  a.zero = int_attribute(construction, "zero");
  a.scale = float_attribute(construction, "scale");
  a.softcap = float_attribute(construction, "softcap");
  a.causal = bool_attribute(construction, "causal");
  return new Config{a, forward && bool_attribute(construction, "keep"),
                    forward && bool_attribute(construction, "append")};
}

void* create_forward(TF_OpKernelConstruction* construction) { return create(construction, true); }
void* create_pullback(TF_OpKernelConstruction* construction) { return create(construction, false); }
void destroy(void* kernel) { delete static_cast<Config*>(kernel); }

// Fills in what the tensors say, and holds them against the attributes.
void complete(Call* call, const TF_Tensor* q, const TF_Tensor* k, const TF_Tensor* positions, const TF_Tensor* bias,
              Attention* a) {
  const int64_t columns = TF_Dim(q, 1);
  call->require(a->heads > 0 && a->kv_heads > 0 && a->heads % a->kv_heads == 0 && columns % a->heads == 0,
                "heads do not fit the queries");
  if (!call->ok()) return;
  a->width = columns / a->heads;
  a->group = a->heads / a->kv_heads;
  call->require(TF_Dim(k, 1) == a->kv_heads * a->width, "heads do not fit the keys");
  call->require(TF_Dim(positions, 0) == TF_Dim(q, 0), "a query needs a position");
  a->span = TF_TensorElementCount(bias) / a->heads;
  a->bias = a->span == 0 ? nullptr : data<float>(bias);
  a->q = data<float>(q);
  a->position = data<int32_t>(positions);
}

// Rows of a table: [count, columns of T] int32.
template <typename T>
const T* rows_of(const TF_Tensor* table) {
  return reinterpret_cast<const T*>(data<int32_t>(table));
}

bool within(int64_t first, int64_t count, int64_t all) { return first >= 0 && count >= 0 && first + count <= all; }

// q, k, v [rows, heads * width], table of segments, position of each query, bias, mask, caches (keys, values; each
// [segments, positions, kv heads * width]) -> output of the table's queries, their probabilities
void forward(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const int inputs = TF_NumInputs(context);
  std::vector<const TF_Tensor*> in;
  for (int i = 0; i < inputs; i++) in.push_back(call.input(i));
  if (!call.ok()) return;
  const Config& config = *static_cast<Config*>(kernel);
  Forward a{config.common};
  complete(&call, in[0], in[1], in[4], in[5], &a);
  const int64_t count = TF_Dim(in[3], 0), caches = (inputs - 7) / 2, key_rows = TF_Dim(in[1], 0);
  call.require(TF_Dim(in[3], 1) == kSegmentColumns && count > 0, "the table of segments has other columns");
  if (!call.ok()) return;
  const Segment* segments = rows_of<Segment>(in[3]);
  const int64_t stride = a.kv_heads * a.width;

  std::vector<Task> tasks;
  std::vector<int64_t> work;
  int64_t maps = 0, rows = 0, longest = 0;
  a.first_row = segments[0].query;
  for (int64_t s = 0; s < count && call.ok(); s++) {
    const Segment& segment = segments[s];
    Keys keys{};
    keys.stride = stride;
    float* append[2] = {nullptr, nullptr};
    if (segment.cache >= 0) {
      call.require(segment.cache < caches, "a segment names a cache that there is not");
      if (!call.ok()) return;
      const TF_Tensor* const cached[2] = {in[7 + 2 * segment.cache], in[8 + 2 * segment.cache]};
      const int64_t segments_of = TF_Dim(cached[0], 0), capacity = TF_Dim(cached[0], 1);
      keys.count[0] = segment.before_count < 0 ? capacity : segment.before_count;
      const int64_t place = segments_of == 1 ? 0 : segment.before;
      const bool room = !config.append || keys.count[0] + segment.own_count <= capacity;
      call.require(within(place, 1, segments_of) && keys.count[0] <= capacity && room && TF_Dim(cached[0], 2) == stride,
                   "a cache has too few segments, positions or columns");
      if (!call.ok()) return;
      keys.k[0] = data<float>(cached[0]) + place * capacity * stride;
      keys.v[0] = data<float>(cached[1]) + place * capacity * stride;
      if (config.append) {
        // The cache is its caller's own, who made it with room to grow (src/nn/cache.ts).
        append[0] = const_cast<float*>(keys.k[0]) + keys.count[0] * stride;
        append[1] = const_cast<float*>(keys.v[0]) + keys.count[0] * stride;
      }
    } else {
      call.require(within(segment.before, segment.before_count, key_rows), "earlier keys are outside of the rows");
      keys.count[0] = segment.before_count;
      keys.k[0] = data<float>(in[1]) + segment.before * stride;
      keys.v[0] = data<float>(in[2]) + segment.before * stride;
    }
    keys.count[1] = segment.own_count;
    keys.k[1] = data<float>(in[1]) + segment.own * stride;
    keys.v[1] = data<float>(in[2]) + segment.own * stride;
    call.require(within(segment.own, segment.own_count, key_rows) &&
                     within(segment.query, segment.queries, TF_Dim(in[0], 0)) && segment.query == a.first_row + rows,
                 "a segment is outside of the rows");
    if (!call.ok()) return;
    const int64_t total = keys.total();
    for (int64_t head = 0; head < a.kv_heads; head++) {
      for (int64_t first = 0; first < segment.queries; first += kQueries) {
        Task task{&segment, keys, head, first, std::min<int64_t>(kQueries, segment.queries - first), maps, {}};
        for (int part = 0; part < 2; part++) {
          task.keys.k[part] += head * a.width;
          task.keys.v[part] += head * a.width;
          if (append[part] != nullptr && first == 0) task.append[part] = append[part] + head * a.width;
        }
        tasks.push_back(task);
        work.push_back(task.count * a.group * total * a.width);
      }
    }
    maps += a.heads * segment.queries * total;
    rows += segment.queries;
    longest = std::max(longest, total);
  }
  if (!call.ok()) return;
  a.mask = TF_TensorElementCount(in[6]) == 0 ? nullptr : data<float>(in[6]);
  call.require(a.mask == nullptr || TF_TensorElementCount(in[6]) == maps, "the mask does not fit the probabilities");
  if (!call.ok()) return;
  a.out = call.output<float>(0, kFloat, {rows, a.heads * a.width});
  float* probabilities = call.output<float>(1, kFloat, {config.keep ? maps : 0});
  if (a.out == nullptr || probabilities == nullptr) return;
  a.probabilities = config.keep ? probabilities : nullptr;
  each_of(work, [&](int64_t i) { attend(a, tasks[i], scratch_of(kWidest * (longest + 2 * a.width))); });
}

// ----------------------------------------------------------------------------------------------------------- pullback

struct Pullback : Attention {
  const float* mask;
  const float* dy;  // [rows, heads * width]
};

// One step of one kv head.
struct StepTask {
  const Step* step;
  const Segment* segment;
  Keys keys;
  int64_t head, maps, map_keys;  // probabilities of the segment's dropout mask, [heads, queries, map_keys]
  float *dq, *dk, *dv;           // of the step's rows: dq as dy; dk, dv [keys, kv heads * width] from the head on
};

// `scratch` holds kWidest * (4 * keys + 5 * width) numbers.
template <int C>
INLINE void pull_block(const Pullback& a, const StepTask& task, int64_t first, int64_t end, float* scratch) {
  const Keys& keys = task.keys;
  const int64_t width = a.width, total = keys.total(), first_query = task.segment->query + task.step->query;
  Columns<C> columns;
  place<C>(a, task.head, first_query, first, end, total, &columns);
  const int64_t low = columns.low, count = columns.high - low;
  float *packed = scratch, *q = packed + width * C, *d_out = q + width * C, *mixed = d_out + width * C;
  float *p = mixed + width * C, *ds = p + total * C, *slope = ds + total * C, *weights = slope + total * C, sum[C];
  pack<C>(a, columns, a.q, 0, a.scale, packed);
  products<C>(keys, keys.k, columns, packed, width, p);
  exponentials<C>(a, columns, p, slope, sum);
  // Divided, not multiplied by a reciprocal: a row must sum to 1. Where attention has made its choice, the cotangents of
  // queries and keys are nearly 0, and the rest would be all there is of them.
  for (int64_t k = 0; k < count; k++) {
    for (int c = 0; c < C; c++) p[k * C + c] /= sum[c];
  }
  const int64_t stride = a.heads * width, shift = first_query - task.step->row;
  for (int64_t c = 0; c < columns.count; c++) {
    const int64_t column = columns.head[c] * width;
    const float* from = a.q + columns.query[c] * stride + column;
    const float* dy = a.dy + (columns.query[c] - shift) * stride + column;
    for (int64_t d = 0; d < width; d++) q[c * width + d] = from[d] * a.scale;
    for (int64_t d = 0; d < width; d++) d_out[c * width + d] = dy[d];
  }
  pack<C>(a, columns, a.dy, shift, 1, packed);
  products<C>(keys, keys.v, columns, packed, width, ds);
  const float* w = p;
  if (a.mask != nullptr) {
    for (int64_t c = 0; c < C; c++) {
      const int64_t query = columns.query[c] - task.segment->query;
      const float* mask =
          a.mask + task.maps + (columns.head[c] * task.segment->queries + query) * task.map_keys + low;
      for (int64_t k = 0; k < count; k++) {
        weights[k * C + c] = p[k * C + c] * mask[k];
        ds[k * C + c] *= mask[k];
      }
    }
    w = weights;
  }
  float along[C] = {};
  for (int64_t k = 0; k < count; k++) {
    for (int c = 0; c < C; c++) along[c] += ds[k * C + c] * p[k * C + c];
  }
  for (int64_t k = 0; k < count; k++) {
    for (int c = 0; c < C; c++) ds[k * C + c] = p[k * C + c] * (ds[k * C + c] - along[c]);
  }
  if (a.softcap > 0) {
    for (int64_t i = 0; i < count * C; i++) ds[i] *= slope[i];
  }
  const int64_t key_stride = keys.stride;
  product<4, 4>({ds, 1, C}, keys.k[1] + low * key_stride, key_stride, mixed, width, columns.count, width, count, false);
  for (int64_t c = 0; c < columns.count; c++) {
    float* dq = task.dq + (columns.query[c] - first_query) * stride + columns.head[c] * width;
    for (int64_t d = 0; d < width; d++) dq[d] = mixed[c * width + d] * a.scale;
  }
  product<4, 4>({ds, C, 1}, q, width, task.dk + low * key_stride, key_stride, count, width, columns.count, true);
  product<4, 4>({w, C, 1}, d_out, width, task.dv + low * key_stride, key_stride, count, width, columns.count, true);
}

INLINE void pull_step_back(const Pullback& a, const StepTask& task, float* scratch) {
  for (int64_t k = 0; k < task.step->keys; k++) {
    std::memset(task.dk + k * task.keys.stride, 0, a.width * sizeof(float));
    std::memset(task.dv + k * task.keys.stride, 0, a.width * sizeof(float));
  }
  const int64_t end = task.step->rows * a.group;
  for (int64_t first = 0; first < end; first += kWidest) {
    if (end - first > kLanes) pull_block<kWidest>(a, task, first, end, scratch);
    else pull_block<kLanes>(a, task, first, end, scratch);
  }
}

const auto attend_back = Compiled<pull_step_back>::best();

// dy [rows, heads * width]; q, k, v, segments, positions, bias and mask as of the forward; table of steps -> dq as the
// steps' rows of dy, dk and dv [keys that the steps see, kv heads * width]
void pullback(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* in[9];
  for (int i = 0; i < 9; i++) in[i] = call.input(i);
  if (!call.ok()) return;
  Pullback a{static_cast<Config*>(kernel)->common};
  complete(&call, in[1], in[2], in[6], in[7], &a);
  const int64_t count = TF_Dim(in[4], 0), steps = TF_Dim(in[5], 0);
  call.require(TF_Dim(in[4], 1) == kSegmentColumns && TF_Dim(in[5], 1) == kStepColumns && steps > 0,
               "the tables of segments and steps have other columns");
  call.require(TF_Dim(in[0], 1) == TF_Dim(in[1], 1), "cotangents and queries do not fit");
  if (!call.ok()) return;
  const Segment* segments = rows_of<Segment>(in[4]);
  const Step* step = rows_of<Step>(in[5]);
  a.dy = data<float>(in[0]);
  std::vector<int64_t> maps(count + 1, 0);
  for (int64_t s = 0; s < count; s++) {
    const Segment& segment = segments[s];
    call.require(segment.before_count == 0, "cotangents need keys of their own for each segment");
    call.require(within(segment.own, segment.own_count, TF_Dim(in[2], 0)) &&
                     within(segment.query, segment.queries, TF_Dim(in[1], 0)),
                 "a segment is outside of the rows");
    maps[s + 1] = maps[s] + a.heads * segment.queries * segment.own_count;
  }
  a.mask = TF_TensorElementCount(in[8]) == 0 ? nullptr : data<float>(in[8]);
  call.require(a.mask == nullptr || TF_TensorElementCount(in[8]) == maps[count], "the mask does not fit the segments");
  int64_t rows = 0, keys = 0, longest = 0;
  for (int64_t t = 0; t < steps && call.ok(); t++) {
    call.require(within(step[t].segment, 1, count), "a step names a segment that there is not");
    if (!call.ok()) return;
    const Segment& segment = segments[step[t].segment];
    call.require(step[t].row == step[0].row + rows && step[t].key == step[0].key + keys &&
                     within(step[t].row, step[t].rows, TF_Dim(in[0], 0)) &&
                     within(step[t].query, step[t].rows, segment.queries) && step[t].keys <= segment.own_count,
                 "a step is outside of the rows");
    rows += step[t].rows;
    keys += step[t].keys;
    longest = std::max<int64_t>(longest, step[t].keys);
  }
  if (!call.ok()) return;
  const int64_t stride = a.kv_heads * a.width;
  float* dq = call.output<float>(0, kFloat, {rows, a.heads * a.width});
  float* dk = call.output<float>(1, kFloat, {keys, stride});
  float* dv = call.output<float>(2, kFloat, {keys, stride});
  if (dq == nullptr || dk == nullptr || dv == nullptr) return;
  std::vector<StepTask> tasks;
  std::vector<int64_t> work;
  for (int64_t t = 0; t < steps; t++) {
    const Segment& segment = segments[step[t].segment];
    for (int64_t head = 0; head < a.kv_heads; head++) {
      const int64_t at = segment.own * stride + head * a.width;
      const int64_t to = (step[t].key - step[0].key) * stride + head * a.width;
      Keys own{};
      own.stride = stride;
      own.count[1] = step[t].keys;
      own.k[1] = data<float>(in[2]) + at;
      own.v[1] = data<float>(in[3]) + at;
      own.k[0] = own.k[1];
      own.v[0] = own.v[1];
      tasks.push_back({&step[t], &segment, own, head, maps[step[t].segment], segment.own_count,
                       dq + (step[t].row - step[0].row) * a.heads * a.width, dk + to, dv + to});
      work.push_back(2 * step[t].rows * a.group * step[t].keys * a.width);
    }
  }
  each_of(work, [&](int64_t i) { attend_back(a, tasks[i], scratch_of(kWidest * (4 * longest + 5 * a.width))); });
}

}  // namespace

const std::vector<Op> kAttentionOps = {
    {"WhenceAttention",
     {"heads: int", "kv_heads: int", "window: int", "zero: int", "scale: float", "softcap: float", "causal: bool",
      "keep: bool", "append: bool", "N: int >= 0"},
     {"q: float", "k: float", "v: float", "segments: int32", "positions: int32", "bias: float", "mask: float",
      "caches: N * float"},
     {"out: float", "probabilities: float"}, create_forward, forward, destroy},
    {"WhenceAttentionPullback",
     {"heads: int", "kv_heads: int", "window: int", "zero: int", "scale: float", "softcap: float", "causal: bool"},
     {"dy: float", "q: float", "k: float", "v: float", "segments: int32", "steps: int32", "positions: int32",
      "bias: float", "mask: float"},
     {"dq: float", "dk: float", "dv: float"}, create_pullback, pullback, destroy},
};

}  // namespace whence
