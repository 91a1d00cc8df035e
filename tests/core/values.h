// Tensors from numbers, and back; the devices under test.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "graph/ops.h"
#include "runtime/device.h"
#include "runtime/evaluate.h"

namespace weft::test {

// The backend of the command line, wrapped so that every kernel it is given is verified (verify.h).
void open_backend(const std::string& library);
Device* device();
// The same backend behind narrower limits; fields that are 0 keep the backend's own.
struct Limits {
  int max_args = 0, max_param_words = 0, max_registers = 0, max_instrs = 0;
  int64_t local_memory = 0, max_alloc = 0;
  bool only_loops = false;
};
Device* limited_device(const Limits& limits);
// While it lives, new tensors go to this device.
struct OnDevice {
  explicit OnDevice(Device* d) : before(set_thread_device(d)) {}
  ~OnDevice() { set_thread_device(before); }
  Device* before;
};

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>) return DType::f32;
  if constexpr (std::is_same_v<T, double>) return DType::f64;
  if constexpr (std::is_same_v<T, int64_t>) return DType::i64;
  if constexpr (std::is_same_v<T, int32_t>) return DType::i32;
  if constexpr (std::is_same_v<T, uint64_t>) return DType::u64;
  if constexpr (std::is_same_v<T, uint32_t>) return DType::u32;
  return DType::u8;
}

template <class T>
NodeRef tensor(const std::vector<T>& values, const Dims& shape) {
  return from_host(values.data(), shape, dtype_of<T>(), default_device());
}
template <class T>
std::vector<T> read(const NodeRef& node) {
  if (node->dtype != dtype_of<T>()) raise(Error::type, "test: the tensor has type ", name(node->dtype));
  std::vector<T> out(size_t(node->numel()));
  to_host(node, out.data());
  return out;
}
std::vector<char> bytes_of(const NodeRef& node);

inline NodeRef number(double v, DType dtype = DType::f32) { return ops::scalar(Scalar::of(v), dtype, default_device()); }

// A small generator of its own: the tests' data are the same everywhere.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  uint64_t bits() {
    state_ ^= state_ << 13, state_ ^= state_ >> 7, state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1dull;
  }
  int below(int n) { return int((bits() >> 33) % uint64_t(n)); }
  double unit() { return double(bits() >> 11) * 0x1p-53; }
  double between(double a, double b) { return a + (b - a) * unit(); }
  template <class T = float>
  std::vector<T> many(size_t n, double a = -2, double b = 2) {
    std::vector<T> out(n);
    for (T& v : out) v = T(between(a, b));
    return out;
  }

 private:
  uint64_t state_;
};

// Kernels launched while it lives.
std::vector<KernelRecord> kernels_of(const std::function<void()>& work);

}  // namespace weft::test
