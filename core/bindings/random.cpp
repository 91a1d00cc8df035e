// The generator of random numbers: a key and a counter, both Tensors, so that under compile() they are state.
#include <cstring>

#include "bindings/bind.h"
#include "primitives/primitive.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"

namespace weft {

namespace {

using h = nb::handle;

bool at_hand(const NodeRef& node) { return !node->computed() && !std::strcmp(node->prim->name, "scalar"); }

NodeRef word(uint64_t value, Device* device) { return ops::scalar(Scalar::of(int64_t(value)), DType::u64, device); }

uint64_t value_of(const NodeRef& node) {
  if (at_hand(node)) return uint64_t(node->scalar.i);
  uint64_t value;
  read_bytes(node, &value);
  return value;
}

NodeRef on(const NodeRef& node, Device* device) {
  if (at_hand(node)) return ops::scalar(node->scalar, DType::u64, device);
  if (node->device == device) return node;
  WithoutGil nogil;
  return to_device(node, device);
}

class Generator {
 public:
  explicit Generator(uint64_t seed) { restore(seed, 0); }
  void restore(uint64_t key, uint64_t counter) {
    Device* device = default_device();
    set(key_, word(key, device));
    set(counter_, word(counter, device));
  }
  nb::tuple state() const { return nb::make_tuple(value_of(node(key_)), value_of(node(counter_))); }
  nb::object key() const { return key_; }
  nb::object counter() const { return counter_; }

  struct Stream {
    NodeRef key, counter;
  };
  // The numbers of n elements are taken when the node is made: the next draw gets others.
  Stream next(int64_t n, Device* device) {
    const NodeRef& now = node(counter_);
    Stream stream{on(node(key_), device), on(now, device)};
    NodeRef after = at_hand(now) ? word(value_of(now) + uint64_t(n), now->device) : ops::add(now, word(uint64_t(n), now->device));
    tensor_of(counter_)->rebind(std::move(after));
    return stream;
  }

 private:
  static const NodeRef& node(const nb::object& t) { return tensor_of(t)->node(); }
  static void set(nb::object& t, NodeRef node) {
    if (t.is_valid()) tensor_of(t)->rebind(std::move(node));
    else t = wrap(std::move(node));
  }
  nb::object key_, counter_;
};

}  // namespace

void bind_random(nb::module_& m) {
  auto c = nb::class_<Generator>(m, "Generator", "Philox 4x32-10: a key, and a counter that moves on by the number of elements drawn.");
  c.def("__init__", [](Generator* self, uint64_t seed) { new (self) Generator(seed); }, nb::arg("seed"));
  c.def(
      "manual_seed",
      [](h self, uint64_t seed) {
        nb::cast<Generator&>(self).restore(seed, 0);
        return nb::borrow(self);
      },
      nb::arg("seed"), "Begin again with this seed. Returns itself.", nb::sig("def manual_seed(self, seed: int) -> Generator"));
  c.def("get_state", &Generator::state, "(key, counter)", nb::sig("def get_state(self) -> tuple[int, int]"));
  c.def(
      "set_state",
      [](Generator& g, h state) {
        nb::tuple pair(nb::borrow(state));
        g.restore(nb::cast<uint64_t>(pair[0]), nb::cast<uint64_t>(pair[1]));
      },
      nb::arg("state"), "Go on from a state of get_state().", nb::sig("def set_state(self, state: tuple[int, int]) -> None"));
  c.def_prop_ro("key", &Generator::key, "The key, a tensor.", nb::for_getter(nb::sig("def key(self) -> Tensor")));
  c.def_prop_ro("counter", &Generator::counter, "The counter, a tensor.", nb::for_getter(nb::sig("def counter(self) -> Tensor")));
  c.def(
      "bits",
      [](Generator& g, h shape, h device) {
        Dims dims = as_dims(shape);
        auto s = g.next(product(dims), as_device(device));
        return wrap(ops::random_bits(dims, s.key, s.counter));
      },
      nb::arg("shape"), nb::arg("device") = nb::none(), "uint32 numbers, all equally likely.",
      nb::sig("def bits(self, shape: weft._typing.Shape, device: weft._typing.DeviceLike = None) -> Tensor"));
  c.def(
      "bits64",
      [](Generator& g, h shape, h device) {
        Dims dims = as_dims(shape);
        Device* d = as_device(device);
        auto s = g.next(product(dims), d);
        NodeRef low = ops::cast(ops::random_bits(dims, s.key, s.counter, 0), DType::u64),
                high = ops::cast(ops::random_bits(dims, s.key, s.counter, 1), DType::u64);
        return wrap(ops::bitwise_or(ops::left_shift(high, word(32, d)), low));
      },
      nb::arg("shape"), nb::arg("device") = nb::none(), "uint64 numbers, all equally likely.",
      nb::sig("def bits64(self, shape: weft._typing.Shape, device: weft._typing.DeviceLike = None) -> Tensor"));
  c.def(
      "uniform",
      [](Generator& g, h shape, h dtype, h device) {
        Dims dims = as_dims(shape);
        auto s = g.next(product(dims), as_device(device));
        return wrap(ops::random_uniform(dims, as_dtype(dtype, default_float()), s.key, s.counter));
      },
      nb::arg("shape"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), "Floats in [0, 1).",
      nb::sig("def uniform(self, shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None = None, device: weft._typing.DeviceLike = None) -> Tensor"));
  c.def(
      "normal",
      [](Generator& g, h shape, h dtype, h device) {
        Dims dims = as_dims(shape);
        auto s = g.next(product(dims), as_device(device));
        return wrap(ops::random_normal(dims, as_dtype(dtype, default_float()), s.key, s.counter));
      },
      nb::arg("shape"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), "Floats of the standard normal distribution.",
      nb::sig("def normal(self, shape: weft._typing.Shape, dtype: weft._typing.DTypeLike | None = None, device: weft._typing.DeviceLike = None) -> Tensor"));
}

}  // namespace weft
