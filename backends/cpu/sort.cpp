// Stable argsort of rows: keys become unsigned integers that order alike (NaN last), and a radix sort orders those. Workers take rows;
// where there are fewer rows than workers, they sort each long row together.
#include <algorithm>
#include <cstring>
#include <new>

#include "loop.h"

namespace weft::cpu {

namespace {

constexpr int64_t short_row = 256;        // sorted by comparison
constexpr int64_t shared_row = 32 << 10;  // worth sorting together

// Keys of up to four bytes travel with four-byte positions, others with eight.
template <class Key>
struct Entry {
  Key key;
  Key position;
};

// Numbers of either sign as unsigned ones in the same order; NaN is the greatest.
template <class Key, class Bits>
Key ordered_float(Bits bits, Bits infinity) {
  constexpr Bits sign = Bits(Bits(1) << (sizeof(Bits) * 8 - 1));
  const Bits magnitude = bits & Bits(sign - 1);
  if (magnitude > infinity) return ~Key(0);
  if (magnitude == 0) return Key(sign);  // -0 and +0 are equal
  return bits & sign ? Key(sign) - magnitude : Key(sign) + magnitude;
}
template <class Key>
Key ordered_integer(int64_t value) {
  return Key(value) ^ (Key(1) << (sizeof(Key) * 8 - 1));
}

// Element i of `data` as type T.
template <class T>
T element(const char* data, int64_t i) {
  T value;
  std::memcpy(&value, data + i * int64_t(sizeof(T)), sizeof(T));
  return value;
}

// Calls f(key of element i of `data`, as a function of i).
template <class Key, class F>
void with_keys(const char* data, int dtype, F f) {
  switch (dtype) {
    case WEFT_BOOL:
    case WEFT_U8: return f([=](int64_t i) { return Key(element<uint8_t>(data, i)); });
    case WEFT_U16: return f([=](int64_t i) { return Key(element<uint16_t>(data, i)); });
    case WEFT_U32: return f([=](int64_t i) { return Key(element<uint32_t>(data, i)); });
    case WEFT_U64: return f([=](int64_t i) { return Key(element<uint64_t>(data, i)); });
    case WEFT_I8: return f([=](int64_t i) { return ordered_integer<Key>(element<int8_t>(data, i)); });
    case WEFT_I16: return f([=](int64_t i) { return ordered_integer<Key>(element<int16_t>(data, i)); });
    case WEFT_I32: return f([=](int64_t i) { return ordered_integer<Key>(element<int32_t>(data, i)); });
    case WEFT_I64: return f([=](int64_t i) { return ordered_integer<Key>(element<int64_t>(data, i)); });
    case WEFT_F16: return f([=](int64_t i) { return ordered_float<Key, uint16_t>(element<uint16_t>(data, i), 0x7c00); });
    case WEFT_BF16: return f([=](int64_t i) { return ordered_float<Key, uint16_t>(element<uint16_t>(data, i), 0x7f80); });
    case WEFT_F32: return f([=](int64_t i) { return ordered_float<Key, uint32_t>(element<uint32_t>(data, i), 0x7f800000u); });
    default: return f([=](int64_t i) { return ordered_float<Key, uint64_t>(element<uint64_t>(data, i), uint64_t(0x7ff) << 52); });
  }
}

// What a row's workers share: two arrays to sort to and fro, and for each worker which bits vary and how many keys have each digit.
template <class Key>
struct Desk {
  static constexpr int digit_bits = sizeof(Key) == 4 ? 11 : 8, digits = 1 << digit_bits;
  struct Tally {
    Key all, any;
    int64_t count[digits];
  };
  Entry<Key>*from, *to;
  Tally* tallies;

  Desk(Arena& arena, int64_t n, int workers) : from(arena.array<Entry<Key>>(n)), to(arena.array<Entry<Key>>(n)), tallies(arena.array<Tally>(workers)) {}
};

// One row: `team` workers at one desk, this one being `id`. Stable, least significant digit first; digits that all keys share are skipped.
template <class Key, class Meet>
void sort_row(Desk<Key> desk, const char* data, int64_t stride, int dtype, bool descending, int64_t n, int id, int team, Meet meet, int64_t* out,
              int64_t out_stride) {
  using D = Desk<Key>;
  const int64_t first = n * id / team, end = n * (id + 1) / team;
  typename D::Tally& mine = desk.tallies[id];
  mine.all = ~Key(0);
  mine.any = 0;
  with_keys<Key>(data, dtype, [&](auto key_at) {
    for (int64_t i = first; i < end; ++i) {
      Key key = key_at(i * stride);
      const bool last = is_float(dtype) && key == ~Key(0);
      if (descending && !last) key = ~key;
      mine.all &= key;
      mine.any |= key;
      desk.from[i] = {key, Key(i)};
    }
  });
  meet();
  Key all = ~Key(0), any = 0;
  for (int w = 0; w < team; ++w) {
    all &= desk.tallies[w].all;
    any |= desk.tallies[w].any;
  }
  if (n <= short_row) {
    std::stable_sort(desk.from, desk.from + n, [](const Entry<Key>& x, const Entry<Key>& y) { return x.key < y.key; });
  } else {
    for (int shift = 0; shift < int(sizeof(Key)) * 8; shift += D::digit_bits) {
      const auto digit = [shift](Key key) { return size_t((key >> shift) & Key(D::digits - 1)); };
      if (digit(any & ~all) == 0) continue;
      std::fill_n(mine.count, D::digits, 0);
      for (int64_t i = first; i < end; ++i) ++mine.count[digit(desk.from[i].key)];
      meet();
      // Where this worker's keys of each digit go: after all lesser digits, and after the same digit of workers before.
      int64_t place[D::digits], total = 0;
      for (int d = 0; d < D::digits; ++d) {
        for (int w = 0; w < team; ++w) {
          if (w == id) place[d] = total;
          total += desk.tallies[w].count[d];
        }
      }
      for (int64_t i = first; i < end; ++i) desk.to[place[digit(desk.from[i].key)]++] = desk.from[i];
      meet();
      std::swap(desk.from, desk.to);
    }
  }
  for (int64_t i = first; i < end; ++i) out[i * out_stride] = int64_t(desk.from[i].position);
  meet();
}

template <class Key>
void sort_rows(const LaunchContext& context, const Worker& worker) {
  const Program& p = *context.program;
  const int rank = p.rank();
  const int64_t* sizes = context.words;
  const int64_t n = sizes[rank - 1];
  int64_t rows = 1;
  for (int d = 0; d < rank - 1; ++d) rows *= sizes[d];
  const Access &in = p.accesses[0], &out = p.accesses[1];
  const int64_t *in_words = sizes + in.params, *out_words = sizes + out.params;
  const bool together = worker.count > 1 && rows < worker.count && n >= shared_row;
  const auto sort = [&](const Desk<Key>& desk, int64_t row, int id, int team, auto meet) {
    int64_t from = in_words[0], to = out_words[0];
    for (int d = rank - 2; d >= 0; --d) {
      from += row % sizes[d] * in_words[1 + d];
      to += row % sizes[d] * out_words[1 + d];
      row /= sizes[d];
    }
    sort_row<Key>(desk, context.args[in.arg] + from * in.size, in_words[rank], in.dtype, p.descending, n, id, team, meet,
                  reinterpret_cast<int64_t*>(context.args[out.arg]) + to, out_words[rank]);
  };
  if (!together) {
    const Desk<Key> desk(*worker.arena, n, 1);
    int64_t first, end;
    worker.share(rows, first, end);
    for (int64_t row = first; row < end; ++row) sort(desk, row, 0, 1, [] {});
    return;
  }
  if (worker.id == 0) {
    try {
      context.shared->store(new (worker.arena->bytes(sizeof(Desk<Key>))) Desk<Key>(*worker.arena, n, worker.count));
    } catch (const std::bad_alloc&) {
      context.out_of_memory->store(true);
    }
  }
  worker.barrier();
  if (context.out_of_memory->load()) return;
  const Desk<Key> desk = *static_cast<const Desk<Key>*>(context.shared->load());
  for (int64_t row = 0; row < rows; ++row) sort(desk, row, worker.id, worker.count, [&] { worker.barrier(); });
}

}  // namespace

void run_sort(const LaunchContext& context, const Worker& worker) {
  const Program& p = *context.program;
  const bool narrow = p.accesses[0].size <= 4 && context.words[p.rank() - 1] <= INT32_MAX;
  if (narrow) sort_rows<uint32_t>(context, worker);
  else sort_rows<uint64_t>(context, worker);
}

}  // namespace weft::cpu
