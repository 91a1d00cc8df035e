// Gradients: Tensor.backward and what python/weft/autograd.py builds on.
#include "autodiff/backward.h"

#include <algorithm>

#include "bindings/bind.h"
#include "runtime/gil.h"
#include "runtime/state.h"

namespace weft {

namespace {

using h = nb::handle;

std::vector<NodeRef> differentiate(const std::vector<NodeRef>& outputs, const std::vector<NodeRef>& seeds, const std::vector<NodeRef>& wrt, bool create_graph) {
  WithoutGil nogil;
  return gradients(outputs, seeds, wrt, create_graph);
}

NodeRef seed_of(const NodeRef& output, h gradient) {
  if (gradient.is_none()) {
    if (output->numel() != 1)
      raise(Error::runtime, "backward: a gradient is needed for an output of shape ", output->shape, "; only one of one element has the gradient 1");
    return ops::full_like(output, Scalar::of(1));
  }
  NodeRef seed = ops::cast(as_node(gradient, output->device), output->dtype);
  if (seed->shape != output->shape) raise(Error::value, "backward: a gradient of shape ", seed->shape, " for an output of shape ", output->shape);
  return seed;
}

// Adds the gradients of all leaves to their handles' .grad.
void backward(const std::vector<NodeRef>& outputs, const std::vector<NodeRef>& seeds, bool retain, bool create_graph) {
  for (const NodeRef& out : outputs)
    if (!out->requires_grad) raise(Error::runtime, "backward: the tensor requires no gradient; mark inputs with requires_grad_()");
  std::vector<NodeRef> leaves;
  {
    WithoutGil nogil;
    leaves = gradient_leaves(outputs);
  }
  std::vector<NodeRef> found = differentiate(outputs, seeds, leaves, create_graph);
  GradMode mode(create_graph);
  for (size_t i = 0; i < leaves.size(); ++i) {
    Tensor* t = Tensor::of_leaf(leaves[i].get());
    if (!t || !found[i]) continue;  // the handle is gone, or has another value by now
    NodeRef g = ops::cast(found[i], leaves[i]->dtype);
    if (t->grad().is_valid()) {
      Tensor* sum = tensor_of(t->grad());
      sum->rebind(ops::add(sum->node(), g));
    } else {
      t->set_grad(wrap(g));
    }
  }
  if (retain || create_graph) return;
  for (const NodeRef& out : outputs) remember_root(out);  // an unread loss must not keep the old parameters alive
  WithoutGil nogil;
  release_graph(outputs);
}

// A vjp written in Python: called with the gradient, gives those of the inputs.
struct PythonVjp : CustomVjp {
  PyObject* function;
  size_t inputs;
  PythonVjp(h f, size_t n) : function(f.ptr()), inputs(n) { Py_INCREF(function); }
  ~PythonVjp() override {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    Py_DECREF(function);
  }
  std::vector<NodeRef> operator()(const NodeRef& g) override {
    nb::gil_scoped_acquire gil;
    nb::object result = h(function)(wrap(g));
    std::vector<NodeRef> out;
    if (tensor_of(result) || result.is_none()) result = nb::make_tuple(result);
    for (h each : nb::iter(result)) out.push_back(each.is_none() ? nullptr : as_node(each, g->device));
    if (out.size() != inputs) raise(Error::value, "backward of a Function: ", out.size(), " gradients for ", inputs, " inputs");
    return out;
  }
};

struct SameVjp : CustomVjp {
  std::vector<NodeRef> operator()(const NodeRef& g) override { return {g}; }
};

// A node of its own for the same value, so that the gradient for it alone can be asked.
NodeRef variable(const NodeRef& x) {
  if (x->requires_grad && grad_enabled()) return custom_vjp(x, {x}, std::make_shared<SameVjp>());
  WithoutGil nogil;
  return requires_grad_leaf(x);
}

nb::list wrapped(const std::vector<NodeRef>& nodes) {
  nb::list out;
  for (const NodeRef& n : nodes) out.append(n ? wrap(n) : nb::none());
  return out;
}

}  // namespace

void bind_autograd(nb::module_& m, TensorClass& t) {
  t.def(
      "backward", [](const Tensor& out, h gradient, bool retain, bool create) { backward({out.node()}, {seed_of(out.node(), gradient)}, retain, create); },
      nb::arg("gradient") = nb::none(), nb::arg("retain_graph") = false, nb::arg("create_graph") = false,
      "Add to .grad of every leaf the gradient of this tensor (of one element, or times `gradient`). Frees the graph unless it is retained.",
      nb::sig("def backward(self, gradient: Tensor | None = None, retain_graph: bool = False, create_graph: bool = False) -> None"));
  t.def(
      "detach", [](const Tensor& t) { return wrap(ops::stop_gradient(t.node())); }, "The same value; no gradient flows.",
      nb::sig("def detach(self) -> Tensor"));
  t.def(
      "requires_grad_",
      [](h self, bool on) {
        tensor_of(self)->set_requires_grad(on);
        return nb::borrow(self);
      },
      nb::arg("requires_grad") = true, "Make this tensor a leaf whose gradient backward() collects, or no longer. Returns itself.",
      nb::sig("def requires_grad_(self, requires_grad: bool = True) -> Tensor"));
  t.def("zero_grad", [](Tensor& t) { t.set_grad(nb::object()); }, "Forget .grad.");

  m.def(
      "backward",
      [](h tensors, h gradients, bool retain, bool create) {
        std::vector<NodeRef> outputs = as_nodes(tensors), seeds;
        std::vector<nb::object> given;
        if (!gradients.is_none())
          for (h g : nb::iter(gradients)) given.push_back(nb::borrow(g));
        if (!given.empty() && given.size() != outputs.size()) raise(Error::value, "backward: ", given.size(), " gradients for ", outputs.size(), " tensors");
        for (size_t i = 0; i < outputs.size(); ++i) seeds.push_back(seed_of(outputs[i], given.empty() ? nb::none() : given[i]));
        backward(outputs, seeds, retain, create);
      },
      nb::arg("tensors"), nb::arg("gradients") = nb::none(), nb::arg("retain_graph") = false, nb::arg("create_graph") = false,
      "backward() of several tensors at once.",
      nb::sig("def backward(tensors: typing.Sequence[Tensor], gradients: typing.Sequence[Tensor | None] | None = None, retain_graph: bool = False, "
              "create_graph: bool = False) -> None"));
  m.def(
      "_gradients",
      [](h outputs, h seeds, h wrt, bool create_graph) { return wrapped(differentiate(as_nodes(outputs), as_nodes(seeds), as_nodes(wrt), create_graph)); },
      nb::arg("outputs"), nb::arg("seeds"), nb::arg("wrt"), nb::arg("create_graph"),
      "The gradients of sum(outputs * seeds) for tensors of the graph; None where nothing flows.",
      nb::sig("def _gradients(outputs: typing.Sequence[Tensor], seeds: typing.Sequence[Tensor], wrt: typing.Sequence[Tensor], create_graph: bool) -> "
              "list[Tensor | None]"));
  m.def(
      "_leaves",
      [](h outputs) {
        std::vector<NodeRef> nodes = as_nodes(outputs), leaves;
        {
          WithoutGil nogil;
          leaves = gradient_leaves(nodes);
        }
        return wrapped(leaves);
      },
      nb::arg("outputs"), "The leaves below these tensors.", nb::sig("def _leaves(outputs: typing.Sequence[Tensor]) -> list[Tensor]"));
  m.def(
      "_depends",
      [](h outputs, h known) {
        std::vector<NodeRef> nodes = as_nodes(outputs), given = as_nodes(known), leaves;
        {
          WithoutGil nogil;
          leaves = gradient_leaves(nodes);
        }
        for (const NodeRef& leaf : leaves)
          if (std::find(given.begin(), given.end(), leaf) == given.end()) return true;
        return false;
      },
      nb::arg("outputs"), nb::arg("known"), "Whether other leaves than these are below the outputs.",
      nb::sig("def _depends(outputs: typing.Sequence[Tensor], known: typing.Sequence[Tensor]) -> bool"));
  m.def(
      "_variable", [](const Tensor& x) { return wrap(variable(x.node())); }, nb::arg("x"), "The same value, as something to differentiate for.",
      nb::sig("def _variable(x: Tensor) -> Tensor"));
  m.def(
      "_custom_vjp",
      [](const Tensor& value, h inputs, h vjp) {
        std::vector<NodeRef> nodes = as_nodes(inputs);
        return wrap(custom_vjp(value.node(), nodes, std::make_shared<PythonVjp>(vjp, nodes.size())));
      },
      nb::arg("value"), nb::arg("inputs"), nb::arg("vjp"), "`value`, whose gradients for the inputs are vjp(g).",
      nb::sig("def _custom_vjp(value: Tensor, inputs: typing.Sequence[Tensor], vjp: typing.Callable[[Tensor], typing.Sequence[Tensor | None]]) -> Tensor"));
  m.def("is_grad_enabled", &grad_enabled, "Whether operations record what a gradient needs, on this thread.");
  m.def(
      "set_grad_enabled",
      [](bool on) {
        GradMode mode(on);
        bool before = mode.before;
        mode.before = on;  // which the destructor puts in place
        return before;
      },
      nb::arg("on"), "Switch recording on or off on this thread; returns the state before.");
}

}  // namespace weft
