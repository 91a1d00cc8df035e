// What the primitives share: elementwise primitives from a formula, the rules that promote and broadcast, and the arithmetic of vjps.
#pragma once

#include <type_traits>

#include "graph/ops.h"
#include "primitives/expr.h"
#include "primitives/primitive.h"

namespace weft {

using Inputs = SmallVector<NodeRef, 3>;

// ---- A map primitive: name, weight, vjp, and the formula of one element: a captureless lambda of one to three Ex (real values) or Cx
// (complex ones), generic where it serves both, or in full (Tape&, const Node&, const Val*) -> Val. It registers itself.
struct Map : Primitive {
  using Vjp = Grads (*)(const NodeRef& y, const NodeRef& g);
  bool takes_complex;

  template <class F>
  Map(const char* name, int weight, Vjp vjp, F formula)
      : Primitive{.name = name, .kind = map, .vjp = vjp, .weight = weight}, takes_complex(arity<F, Cx>() || !arity<F, Ex>()) {
    if constexpr (arity<F, Ex>() || arity<F, Cx>()) this->emit = run<F>;
    else this->emit = formula;
    Register entry(*this);
  }
  Map(const Map&) = delete;

 private:
  template <class F, class T>
  static constexpr int arity() {
    return std::is_invocable_v<F, T> ? 1 : std::is_invocable_v<F, T, T> ? 2 : std::is_invocable_v<F, T, T, T> ? 3 : 0;
  }
  template <class F, class T>
  static Val apply(Tape& t, const Val* in) {
    auto x = [&](int i) {
      if constexpr (std::is_same_v<T, Cx>) return Cx{{&t, in[i].re}, {&t, in[i].im}};
      else return Ex{&t, in[i].re};
    };
    if constexpr (arity<F, T>() == 1) return F{}(x(0));
    if constexpr (arity<F, T>() == 2) return F{}(x(0), x(1));
    if constexpr (arity<F, T>() == 3) return F{}(x(0), x(1), x(2));
    return {};
  }
  template <class F>
  static Val run(Tape& t, const Node& node, const Val* in) {
    return is_complex(node.inputs[0]->dtype) ? apply<F, Cx>(t, in) : apply<F, Ex>(t, in);
  }
};

// ---- Rules (broadcast.cpp)
DType common_dtype(const Inputs& inputs);                                   // promoted
DType float_dtype(DType dtype);                                             // bool and integers: the default float
Dims broadcast_together(const char* op, Inputs& inputs);                    // expands each to the common shape, and returns it
[[noreturn]] void refuse(const char* op, DType dtype, const char* advice);  // raises TypeError
Scalar rounded_to(Scalar value, DType dtype);                               // leaf.cpp: as a value of this dtype; narrow types round or wrap

// A map node: inputs cast to `in` and broadcast, output of type `out`.
NodeRef map_node(const Primitive& prim, Inputs inputs, DType in, DType out, Dims attrs = {});
NodeRef map_numeric(const Map& prim, Inputs inputs);  // in the promoted type
NodeRef map_inexact(const Map& prim, Inputs inputs);  // the same, bool and integers as the default float
NodeRef map_test(const Map& prim, Inputs inputs);     // in the promoted type, to bool

// ---- For vjps
inline const NodeRef& in(const NodeRef& y, int i = 0) { return y->inputs[i]; }
inline bool wants(const NodeRef& y, int i) { return y->inputs[i]->requires_grad; }
inline Grads flat(const NodeRef& y, const NodeRef&) { return Grads(y->inputs.size()); }  // derivative 0 almost everywhere
inline NodeRef constant(const NodeRef& like, double v) { return ops::scalar(Scalar::of(v), like->dtype, like->device); }

inline NodeRef operator-(const NodeRef& a) { return ops::neg(a); }
inline NodeRef operator+(const NodeRef& a, const NodeRef& b) { return ops::add(a, b); }
inline NodeRef operator-(const NodeRef& a, const NodeRef& b) { return ops::sub(a, b); }
inline NodeRef operator*(const NodeRef& a, const NodeRef& b) { return ops::mul(a, b); }
inline NodeRef operator/(const NodeRef& a, const NodeRef& b) { return ops::div(a, b); }
inline NodeRef operator+(const NodeRef& a, double b) { return a + constant(a, b); }
inline NodeRef operator-(const NodeRef& a, double b) { return a - constant(a, b); }
inline NodeRef operator-(double a, const NodeRef& b) { return constant(b, a) - b; }
inline NodeRef operator*(double a, const NodeRef& b) { return constant(b, a) * b; }

}  // namespace weft
