// Stable argsort of rows: keys become unsigned integers that order alike (NaN last), and a radix sort orders those.
#include <algorithm>
#include <cstring>

#include "loop.h"

namespace weft::cpu {

namespace {

struct Entry {
  uint64_t key;
  int64_t position;
};

// Numbers of either sign as unsigned ones in the same order.
uint64_t ordered(const char* p, int dtype) {
  const auto read = [p]<class T>(T) {
    T value;
    std::memcpy(&value, p, sizeof(T));
    return value;
  };
  const auto from_float = [](uint64_t bits, uint64_t sign, uint64_t infinity) -> uint64_t {
    const uint64_t magnitude = bits & (sign - 1);
    if (magnitude > infinity) return UINT64_MAX;  // NaN
    if (magnitude == 0) return sign;              // -0 and +0 are equal
    return bits & sign ? sign - magnitude : sign + magnitude;
  };
  switch (dtype) {
    case WEFT_BOOL:
    case WEFT_U8: return read(uint8_t{});
    case WEFT_U16: return read(uint16_t{});
    case WEFT_U32: return read(uint32_t{});
    case WEFT_U64: return read(uint64_t{});
    case WEFT_I8: return uint64_t(read(int8_t{})) ^ (uint64_t(1) << 63);
    case WEFT_I16: return uint64_t(read(int16_t{})) ^ (uint64_t(1) << 63);
    case WEFT_I32: return uint64_t(read(int32_t{})) ^ (uint64_t(1) << 63);
    case WEFT_I64: return uint64_t(read(int64_t{})) ^ (uint64_t(1) << 63);
    case WEFT_F16: return from_float(read(uint16_t{}), 0x8000, 0x7c00);
    case WEFT_BF16: return from_float(read(uint16_t{}), 0x8000, 0x7f80);
    case WEFT_F32: return from_float(read(uint32_t{}), 0x80000000u, 0x7f800000u);
    default: return from_float(read(uint64_t{}), uint64_t(1) << 63, uint64_t(0x7ff) << 52);
  }
}

// Stable, least significant byte first; bytes that all keys share are skipped. Returns whichever array holds the result.
Entry* radix_sort(Entry* from, Entry* to, int64_t n) {
  uint64_t all = ~uint64_t(0), any = 0;
  for (int64_t i = 0; i < n; ++i) {
    all &= from[i].key;
    any |= from[i].key;
  }
  const uint64_t differs = any & ~all;
  for (int shift = 0; shift < 64; shift += 8) {
    if (((differs >> shift) & 0xff) == 0) continue;
    int64_t start[257] = {};
    for (int64_t i = 0; i < n; ++i) ++start[((from[i].key >> shift) & 0xff) + 1];
    for (int b = 0; b < 256; ++b) start[b + 1] += start[b];
    for (int64_t i = 0; i < n; ++i) to[start[(from[i].key >> shift) & 0xff]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

}  // namespace

void run_sort(const LaunchContext& context, const Worker& worker) {
  const Program& p = *context.program;
  const int rank = p.rank();
  const int64_t* sizes = context.words;
  const int64_t n = sizes[rank - 1];
  int64_t rows = 1;
  for (int d = 0; d < rank - 1; ++d) rows *= sizes[d];
  const Access &in = p.accesses[0], &out = p.accesses[1];
  const int64_t *in_words = sizes + in.params, *out_words = sizes + out.params;
  Entry* a = worker.arena->array<Entry>(n);
  Entry* b = worker.arena->array<Entry>(n);
  int64_t first, end;
  worker.share(rows, first, end);
  for (int64_t row = first; row < end; ++row) {
    int64_t from = in_words[0], to = out_words[0], rest = row;
    for (int d = rank - 2; d >= 0; --d) {
      from += rest % sizes[d] * in_words[1 + d];
      to += rest % sizes[d] * out_words[1 + d];
      rest /= sizes[d];
    }
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t key = ordered(context.args[in.arg] + (from + i * in_words[rank]) * in.size, in.dtype);
      const bool last = is_float(in.dtype) && key == UINT64_MAX;
      a[i] = {p.descending && !last ? ~key : key, i};
    }
    Entry* sorted = a;
    if (n > 256) sorted = radix_sort(a, b, n);
    else std::stable_sort(a, a + n, [](const Entry& x, const Entry& y) { return x.key < y.key; });
    int64_t* positions = reinterpret_cast<int64_t*>(context.args[out.arg]);
    for (int64_t i = 0; i < n; ++i) positions[to + i * out_words[rank]] = sorted[i].position;
  }
}

}  // namespace weft::cpu
