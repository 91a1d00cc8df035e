// Random numbers: Philox 4x32-10 of a counter and a key. Element i of a tensor uses counter + i, so a value depends on its place alone,
// and the same bits come out on every backend. Steps are integer operations, and float32 products and sums of known rounding.
#include <map>
#include <mutex>

#include "graph/ops.h"
#include "primitives/normal_table.h"
#include "primitives/primitive.h"
#include "runtime/evaluate.h"

namespace weft {
namespace {

extern const Primitive kPhilox;

// inputs: counter, key (uint64). attrs: which of the four words.
Val philox_emit(Tape& t, const Node& node, const Val* in) { return {t.op_as(DType::u32, "philox", in[0].re, in[1].re, -1, int(node.attrs[0]))}; }

const Primitive kPhilox{.name = "philox", .kind = Primitive::map, .emit = philox_emit, .weight = 40};
const Register kRegistered(kPhilox);

NodeRef constant(DType dtype, Scalar value, const NodeRef& like) { return ops::scalar(value, dtype, like->device); }

// The top `bits` bits of each word as a fraction in [0, 1); float32 holds up to 24 exactly.
NodeRef fraction(const NodeRef& words, int bits) {
  NodeRef top = ops::right_shift(words, constant(DType::u32, Scalar::of(32 - bits), words));
  return ops::mul(ops::cast(top, DType::f32), constant(DType::f32, Scalar::of(1.0 / (int64_t(1) << bits)), words));
}

// One copy for each device; devices live as long as the process, and so do these.
NodeRef normal_table(Device* device) {
  static std::mutex mutex;
  static auto& tables = *new std::map<Device*, NodeRef>;
  auto known = [&](NodeRef made) {
    std::lock_guard lock(mutex);
    NodeRef& table = tables[device];
    if (!table) table = std::move(made);
    return table;
  };
  if (NodeRef table = known(nullptr)) return table;
  return known(from_host(kNormalTable, {4 * kNormalSegments}, DType::f32, device));  // no lock is held while it copies
}

// The inverse of the normal distribution function; make_normal_table.py says how. Reaches 6.3 standard deviations.
NodeRef normal_of(const NodeRef& words) {
  auto u32 = [&](int64_t v) { return constant(DType::u32, Scalar::of(v), words); };
  constexpr int kBelow = 23 - kNormalSegmentBits;  // mantissa bits below the segment
  // The top bit is the sign; the others, doubled and made odd, are the tail. Rounding to float32 is to nearest even everywhere.
  NodeRef tail = ops::bitwise_or(ops::left_shift(words, u32(1)), u32(1));
  NodeRef bits = ops::bitcast(ops::cast(tail, DType::f32), DType::u32);
  NodeRef segment = ops::sub(ops::right_shift(bits, u32(kBelow)), u32(int64_t(127) << kNormalSegmentBits));
  NodeRef t = ops::mul(ops::cast(ops::bitwise_and(bits, u32((1 << kBelow) - 1)), DType::f32), constant(DType::f32, Scalar::of(1.0 / (1 << kBelow)), words));
  NodeRef table = normal_table(words->device), row = ops::left_shift(ops::cast(segment, DType::i64), constant(DType::i64, Scalar::of(2), words));
  auto coefficient = [&](int i) { return ops::gather(table, {ops::add(row, constant(DType::i64, Scalar::of(i), words))}, 0, true); };
  NodeRef z = coefficient(3);
  for (int i = 2; i >= 0; --i) z = ops::add(ops::mul(z, t), coefficient(i));
  NodeRef positive = ops::equal(ops::right_shift(words, u32(31)), u32(0));
  return ops::where(positive, z, ops::neg(z));
}

void check_float(const char* op, DType dtype) {
  if (!is_float(dtype)) raise(Error::type, op, ": type ", name(dtype), " is no real float; draw a float type and cast");
}

}  // namespace

namespace ops {

NodeRef random_bits(const Dims& shape, const NodeRef& key, const NodeRef& counter, int word) {
  if (key->dtype != DType::u64 || counter->dtype != DType::u64 || key->rank() != 0 || counter->rank() != 0)
    raise(Error::type, "random_bits: key and counter must be uint64 scalars, not ", name(key->dtype), " ", key->shape, " and ", name(counter->dtype), " ",
          counter->shape);
  if (word < 0 || word > 3) raise(Error::value, "random_bits: word ", word, " is not in 0..3");
  int64_t n = 1;
  for (int64_t size : shape) {
    if (size < 0) raise(Error::value, "random_bits: negative size in shape ", shape);
    n *= size;
  }
  if (n == 0) return full(shape, Scalar::of(0), DType::u32, key->device);
  NodeRef place = cast(reshape(iota(n, key->device), shape), DType::u64);
  return make_node(kPhilox, shape, DType::u32, {add(place, counter), broadcast_to(key, shape)}, {word});
}

NodeRef random_uniform(const Dims& shape, DType dtype, const NodeRef& key, const NodeRef& counter) {
  check_float("random_uniform", dtype);
  NodeRef words = random_bits(shape, key, counter);
  // As many bits as the type holds below 1, so that nothing rounds up to 1.
  if (dtype == DType::f16) return cast(fraction(words, 11), dtype);
  if (dtype == DType::bf16) return cast(fraction(words, 8), dtype);
  if (dtype == DType::f32) return fraction(words, 24);
  NodeRef high = left_shift(cast(words, DType::u64), constant(DType::u64, Scalar::of(32), words));
  NodeRef both = bitwise_or(high, cast(random_bits(shape, key, counter, 1), DType::u64));
  NodeRef top = right_shift(both, constant(DType::u64, Scalar::of(11), words));
  return mul(cast(top, DType::f64), constant(DType::f64, Scalar::of(1.0 / (int64_t(1) << 53)), words));
}

// float64 normals are the float32 ones: the same on devices without float64, and fine enough for any simulation of noise.
NodeRef random_normal(const Dims& shape, DType dtype, const NodeRef& key, const NodeRef& counter) {
  check_float("random_normal", dtype);
  NodeRef words = random_bits(shape, key, counter);
  if (words->numel() == 0) return full(shape, Scalar::of(0), dtype, key->device);
  return cast(normal_of(words), dtype);
}

}  // namespace ops
}  // namespace weft
