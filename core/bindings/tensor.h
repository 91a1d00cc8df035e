// The Python handle of a value.
#pragma once

#include <nanobind/nanobind.h>

#include "graph/node.h"
#include "runtime/trace.h"

namespace nb = nanobind;

namespace weft {

// Nodes are immutable; a Tensor names one, and in-place operations make it name another. Every read of the node goes through
// node(), every change through rebind(), every gradient through grad() and set_grad().
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(NodeRef node) : node_(std::move(node)) {}
  Tensor(Tensor&& other) noexcept;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor();

  const NodeRef& node() const {
    if (tracing()) trace_read();
    return node_;
  }
  // The result of an in-place operation. A leaf stays one: it takes values that carry no gradient, and refuses others.
  void rebind(NodeRef node);
  bool is_leaf() const { return leaf_ || !node_->requires_grad; }
  void set_requires_grad(bool on);

  const nb::object& grad() const { return grad_; }  // a Tensor, or null
  void set_grad(nb::object grad);
  void restore(NodeRef node);  // what rebind() gave up, put back

  // The handle whose leaf this is, or null. Guarded by the GIL.
  static Tensor* of_leaf(const Node* leaf);

 private:
  void trace_read() const;  // compile.cpp
  void make_leaf(const NodeRef& value);
  void drop_leaf();

  NodeRef node_;
  nb::object grad_;
  bool leaf_ = false;
};

extern PyTypeObject* tensor_type;

inline Tensor* tensor_of(nb::handle h) {
  PyTypeObject* type = Py_TYPE(h.ptr());
  return type == tensor_type || PyType_IsSubtype(type, tensor_type) ? nb::inst_ptr<Tensor>(h) : nullptr;
}

inline nb::object wrap(NodeRef node) { return nb::cast(Tensor(std::move(node))); }

}  // namespace weft
