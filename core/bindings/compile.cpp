// compile() and repeat(): a Python function is traced once, and its plan replayed.
#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "autodiff/backward.h"
#include "bindings/bind.h"
#include "bindings/tracer.h"
#include "runtime/compiled.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"
#include "runtime/repeat.h"

namespace weft {

namespace {

using h = nb::handle;

// One trace: the handles from outside that the function touches.
struct Tracer {
  uint32_t id = 0;
  std::vector<nb::object> handles;  // kept alive: they are read again at each call
  std::vector<NodeRef> captured;    // what they named at first
  std::vector<bool> rebound;
  std::unordered_map<const Tensor*, size_t> known;
  std::unordered_set<Tensor*> graded;

  size_t capture(Tensor& t, const NodeRef& node) {
    auto [it, fresh] = known.try_emplace(&t, handles.size());
    if (fresh) {
      handles.push_back(nb::find(t));
      captured.push_back(node);
      rebound.push_back(false);
    }
    return it->second;
  }
};
thread_local Tracer* t_tracer = nullptr;

std::vector<NodeRef> nodes_of(const std::vector<nb::object>& handles) {
  std::vector<NodeRef> out;
  for (const nb::object& o : handles) out.push_back(tensor_of(o)->node());
  return out;
}

std::vector<NodeRef> evaluated(std::vector<NodeRef> nodes) {
  WithoutGil nogil;
  evaluate(nodes);
  return nodes;
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
    std::vector<NodeRef> args = evaluated(as_nodes(arguments));
    for (NodeRef& a : args) a = fresh(a);
    Tracer tracer;
    std::vector<NodeRef> roots;
    tracer.id = begin_trace();
    t_tracer = &tracer;
    auto finish = [&] {
      set_trace(0);
      t_tracer = nullptr;
      for (size_t i = 0; i < tracer.handles.size(); ++i)
        if (tracer.rebound[i]) {
          Tensor& t = *tensor_of(tracer.handles[i]);
          finals_.push_back(t.node());
          t.restore(tracer.captured[i]);
        }
      for (Tensor* t : tracer.graded) t->set_grad(nb::object());
    };
    try {
      nb::object results = function(wrapped(args));
      roots = as_nodes(results);
    } catch (...) {
      finish();
      throw;
    }
    finish();
    results_ = roots.size();
    roots.insert(roots.end(), finals_.begin(), finals_.end());
    finals_.clear();
    handles_ = std::move(tracer.handles);
    rebound_ = std::move(tracer.rebound);
    compiled_ = std::make_unique<Compiled>(roots, args, tracer.captured, std::vector<NodeRef>());
  }

  // The results, or None where a value has another layout than the one traced.
  nb::object call(h arguments) {
    std::vector<NodeRef> args = as_nodes(arguments), captured = nodes_of(handles_);
    {
      std::vector<NodeRef> pending;
      for (auto* list : {&args, &captured})
        for (const NodeRef& n : *list)
          if (!n->computed()) pending.push_back(n);
      if (!pending.empty()) evaluated(pending);
    }
    if (!compiled_->accepts(args, captured)) return nb::none();
    std::vector<NodeRef> results = compiled_->run(args, captured, rebound_, {});
    captured.clear();
    size_t next = results_;
    for (size_t i = 0; i < handles_.size(); ++i)
      if (rebound_[i]) tensor_of(handles_[i])->rebind(results[next++]);
    results.resize(results_);
    return wrapped(results);
  }

  size_t captures() const { return handles_.size(); }

  // For repeat(): the parts of a body.
  std::unique_ptr<Compiled> take() { return std::move(compiled_); }
  size_t results() const { return results_; }

 private:
  std::unique_ptr<Compiled> compiled_;
  std::vector<nb::object> handles_;
  std::vector<bool> rebound_;
  std::vector<NodeRef> finals_;
  size_t results_ = 0;
};

}  // namespace

void Tensor::trace_read() const {
  Tracer* tracer = t_tracer;
  if (!tracer || !node_ || node_->trace == tracer->id) return;
  Tensor& self = const_cast<Tensor&>(*this);
  if (!nb::find(self).is_valid() || tracer->known.count(this)) return;
  if (!node_->computed()) {  // a value of outside: computed once, now
    set_trace(0);
    evaluated({node_});
    set_trace(tracer->id);
  }
  // Two handles may name one node now and different ones at the next call.
  if (std::find(tracer->captured.begin(), tracer->captured.end(), node_) != tracer->captured.end()) self.restore(fresh(node_));
  tracer->capture(self, node_);
}

void trace_rebind(Tensor& t) {
  t.node();  // captured first, if it is from outside
  auto it = t_tracer ? t_tracer->known.find(&t) : decltype(t_tracer->known.end()){};
  if (t_tracer && it != t_tracer->known.end()) t_tracer->rebound[it->second] = true;
}

void trace_grad(Tensor& t) {
  if (t_tracer && nb::find(t).is_valid()) t_tracer->graded.insert(&t);
}

void bind_compile(nb::module_& m) {
  nb::class_<Traced>(m, "Traced", "A function of tensors, traced once and replayed.")
      .def("__init__", [](Traced* self, h function, h arguments) { new (self) Traced(function, arguments); }, nb::arg("function"), nb::arg("arguments"))
      .def("__call__", &Traced::call, nb::arg("arguments"),
           nb::sig("def __call__(self, arguments: typing.Sequence[Tensor]) -> list[Tensor] | None"))
      .def_prop_ro("captures", &Traced::captures, "How many tensors from outside the function reads.");
}

}  // namespace weft
