// compile() and repeat(): a Python function is traced once, and its plan replayed.
#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "autodiff/backward.h"
#include "autodiff/products.h"
#include "bindings/bind.h"
#include "bindings/tracer.h"
#include "runtime/compiled.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"
#include "runtime/repeat.h"

namespace weft {

namespace {

using h = nb::handle;

thread_local struct Tracer* t_tracer = nullptr;

// The trace of this thread, and what is known of it on the way.
struct Tracer {
  Trace& trace;
  Tracer* outer;  // a loop's body is traced within a trace
  uint32_t outer_id = trace_id();
  std::unordered_map<const Tensor*, size_t> known{};
  std::unordered_set<Tensor*> graded{};

  void capture(Tensor& t, const NodeRef& node) {
    if (!known.try_emplace(&t, trace.handles.size()).second) return;
    trace.handles.push_back(nb::find(t));
    trace.captured.push_back(node);
    trace.rebound.push_back(false);
  }

  void finish() {
    set_trace(outer_id);
    t_tracer = outer;
    for (size_t i = 0; i < trace.handles.size(); ++i)
      if (trace.rebound[i]) {
        Tensor& t = *tensor_of(trace.handles[i]);
        trace.finals.push_back(t.node());
        t.restore(trace.captured[i]);
      }
    for (Tensor* t : graded) t->set_grad(nb::object());
  }
};

void evaluate_pending(const std::vector<NodeRef>& nodes) {
  std::vector<NodeRef> pending;
  for (const NodeRef& n : nodes)
    if (!n->computed()) pending.push_back(n);
  if (pending.empty()) return;
  WithoutGil nogil;
  evaluate(pending);
}

// A leaf of its own for the same value: an argument is not the captured tensor of the same value.
NodeRef fresh(const NodeRef& n) { return leaf(n->shape, n->dtype, n->device, n->buffer, n->strides, n->offset); }

nb::list wrapped(const std::vector<NodeRef>& nodes) {
  nb::list out;
  for (const NodeRef& n : nodes) out.append(wrap(n));
  return out;
}

class Traced {
 public:
  Traced(h function, h arguments) {
    std::vector<NodeRef> args = as_nodes(arguments);
    evaluate_pending(args);
    Trace trace(function, std::move(args));
    std::vector<NodeRef> roots = trace.results, inputs = trace.arguments;
    results_ = roots.size();
    roots.insert(roots.end(), trace.finals.begin(), trace.finals.end());
    handles_ = std::move(trace.handles);
    rebound_ = std::move(trace.rebound);
    rebound_.insert(rebound_.begin(), inputs.size(), false);
    inputs.insert(inputs.end(), trace.captured.begin(), trace.captured.end());
    compiled_ = std::make_unique<Compiled>(roots, inputs);
  }

  // The results, or None where a value has another layout than the one traced.
  nb::object call(h arguments) {
    std::vector<NodeRef> inputs = as_nodes(arguments);
    size_t args = inputs.size();
    for (const nb::object& o : handles_) inputs.push_back(tensor_of(o)->node());
    evaluate_pending(inputs);
    if (!compiled_->accepts(inputs)) return nb::none();
    std::vector<NodeRef> results = compiled_->run(inputs, rebound_);
    inputs.clear();
    size_t next = results_;
    for (size_t i = 0; i < handles_.size(); ++i)
      if (rebound_[args + i]) tensor_of(handles_[i])->rebind(results[next++]);
    results.resize(results_);
    return wrapped(results);
  }

  size_t captures() const { return handles_.size(); }

 private:
  std::unique_ptr<Compiled> compiled_;
  std::vector<nb::object> handles_;
  std::vector<bool> rebound_;  // of the arguments (never) and the handles
  size_t results_ = 0;
};

}  // namespace

Trace::Trace(h function, std::vector<NodeRef> args) : arguments(std::move(args)) {
  Tracer tracer{*this, t_tracer};
  id = begin_trace();
  for (NodeRef& a : arguments) a = fresh(a);  // part of the trace, so that reading them is no capture
  t_tracer = &tracer;
  try {
    nb::object returned = function(wrapped(arguments));
    results = as_nodes(returned);
  } catch (...) {
    tracer.finish();
    throw;
  }
  tracer.finish();
}

void Tensor::trace_read() const {
  Tracer* tracer = t_tracer;
  if (!tracer || !node_ || node_->trace == tracer->trace.id) return;
  Tensor& self = const_cast<Tensor&>(*this);
  if (!nb::find(self).is_valid() || tracer->known.count(this)) return;
  if (!node_->computed() && !node_->trace) {  // a value of outside: computed once, now
    set_trace(0);
    evaluate_pending({node_});
    set_trace(tracer->trace.id);
  }
  // The value gets a node of the trace's own: a handle made from this one inside the function (detach) is no other value from
  // outside, and two handles that name one node now may name different ones at the next call.
  const std::vector<NodeRef>& captured = tracer->trace.captured;
  bool again = std::find(captured.begin(), captured.end(), node_) != captured.end();
  if (node_->computed() && (!node_->requires_grad || again)) self.restore(fresh(node_));
  tracer->capture(self, node_);
}

void trace_rebind(Tensor& t) {
  t.node();  // captured first, if it is from outside
  auto it = t_tracer ? t_tracer->known.find(&t) : decltype(t_tracer->known.end()){};
  if (t_tracer && it != t_tracer->known.end()) t_tracer->trace.rebound[it->second] = true;
}

void trace_grad(Tensor& t) {
  if (t_tracer && nb::find(t).is_valid()) t_tracer->graded.insert(&t);
}

// body(carries + slices + constants) -> carries + outputs, traced on the first slices.
nb::list loop(h function, h carries, h sequences, h constants, int64_t n, bool reverse) {
  std::vector<NodeRef> init = as_nodes(carries), xs = as_nodes(sequences), fixed = as_nodes(constants), inputs(init);
  for (const NodeRef& x : xs)
    if (x->rank() == 0 || x->shape[0] != n) raise(Error::value, "loop: a sequence of shape ", x->shape, " for ", n, " steps; the first dimension counts steps");
  std::vector<NodeRef> args;
  auto add = [&](const NodeRef& like, Dims shape) {
    args.push_back(leaf(shape, like->dtype, like->device, placeholder(like->numel() * size_of(like->dtype))));
  };
  for (const NodeRef& c : init) add(c, c->shape);
  for (const NodeRef& x : xs) add(x, Dims(x->shape.begin() + 1, x->shape.end()));
  for (const NodeRef& c : fixed) add(c, c->shape);
  Trace trace(function, std::move(args));
  if (!trace.handles.empty()) raise(Error::value, "loop: the body reads tensors it was not given; pass them as constants");
  auto body = std::make_shared<RepeatBody>();
  body->carries = int(init.size());
  body->sequences = int(xs.size());
  body->constants = int(fixed.size());
  const std::vector<NodeRef>& results = trace.results;
  for (size_t i = 0; i < results.size(); ++i) {
    if (i >= init.size()) {
      body->output_shapes.push_back(results[i]->shape);
      body->output_dtypes.push_back(results[i]->dtype);
    } else if (results[i]->shape != init[i]->shape || results[i]->dtype != init[i]->dtype) {
      raise(Error::value, "loop: carried value ", i, " is ", name(init[i]->dtype), " ", init[i]->shape, " at first and ", name(results[i]->dtype), " ",
            results[i]->shape, " after a step; a carried value keeps shape and dtype");
    }
  }
  body->body = std::make_unique<Compiled>(results, trace.arguments);
  body->trace = trace.id;
  body->arguments = std::move(trace.arguments);
  body->results = std::move(trace.results);
  inputs.insert(inputs.end(), xs.begin(), xs.end());
  inputs.insert(inputs.end(), fixed.begin(), fixed.end());
  return wrapped(repeat(body, n, reverse, inputs));
}

void bind_compile(nb::module_& m) {
  m.def(
      "_copy", [](const Tensor& x) { return wrap(copied(x.node())); }, nb::arg("x"), "The same value as a node of its own; no gradient flows.",
      nb::sig("def _copy(x: Tensor) -> Tensor"));
  m.def(
      "_loop", &loop, nb::arg("function"), nb::arg("carries"), nb::arg("sequences"), nb::arg("constants"), nb::arg("steps"), nb::arg("reverse"),
      "The repeat node: see weft.loop.",
      nb::sig(
          "def _loop(function: typing.Callable[[list[Tensor]], list[Tensor]], carries: typing.Sequence[Tensor], sequences: typing.Sequence[Tensor], constants: "
          "typing.Sequence[Tensor], steps: int, reverse: bool) -> list[Tensor]"));
  m.def(
      "_products", [](h values) { return wrapped(products_below(as_nodes(values))); }, nb::arg("values"),
      "The matrix products and convolutions below these pending values.", nb::sig("def _products(values: typing.Sequence[Tensor]) -> list[Tensor]"));
  m.def(
      "_assume_products", [](h values, h saved) { assume_products(as_nodes(values), as_nodes(saved)); }, nb::arg("values"), nb::arg("saved"),
      "Take the products below `values` from `saved` instead of computing them.",
      nb::sig("def _assume_products(values: typing.Sequence[Tensor], saved: typing.Sequence[Tensor]) -> None"));
  m.def(
      "_factors",
      [](const Tensor& x) -> nb::object {
        auto found = factors(x.node());
        return found ? nb::object(nb::make_tuple(wrap(found->first), wrap(found->second))) : nb::object(nb::none());
      },
      nb::arg("x"), "The two factors of a pending product of matrices.", nb::sig("def _factors(x: Tensor) -> tuple[Tensor, Tensor] | None"));
  nb::class_<Traced>(m, "Traced", "A function of tensors, traced once and replayed.")
      .def(
          "__init__", [](Traced* self, h function, h arguments) { new (self) Traced(function, arguments); }, nb::arg("function"), nb::arg("arguments"))
      .def("__call__", &Traced::call, nb::arg("arguments"), nb::sig("def __call__(self, arguments: typing.Sequence[Tensor]) -> list[Tensor] | None"))
      .def_prop_ro("captures", &Traced::captures, "How many tensors from outside the function reads.");
}

}  // namespace weft
