// The graph of a function, for Python to read: nothing is computed, and nothing of it can be changed.
#include <string_view>
#include <unordered_map>

#include "bindings/bind.h"
#include "bindings/tracer.h"
#include "fuse/schedule.h"
#include "graph/order.h"
#include "runtime/evaluate.h"
#include "runtime/repeat.h"

namespace weft {

namespace {

using h = nb::handle;

struct GraphNode {
  NodeRef node;
  std::vector<int> inputs;  // positions in the graph
  bool inside;              // of the trace; else a value at hand, or an argument
  nb::object value;         // the tensor of a value at hand, or None
};

// Arguments first, then nodes with inputs before their users.
struct TracedGraph {
  TracedGraph(uint32_t trace, const std::vector<NodeRef>& arguments, const std::vector<NodeRef>& roots) : arguments(arguments.size()) {
    std::lock_guard lock(graph_lock());
    std::vector<Node*> raw;
    for (const NodeRef& r : roots) raw.push_back(r.get());
    // A body that was planned has values in its middle; what it was made of is still there.
    auto inside = [&](const Node& n) { return n.trace == trace && std::string_view(n.prim->name) != "value"; };
    std::vector<Node*> order = inputs_first(
        raw, [](const Node&) { return true; },
        [&](const Node& n, auto visit) {
          for (size_t i = 0; inside(n) && i < data_inputs(n); ++i) visit(n.inputs[i].get());
        });
    for (const NodeRef& a : arguments) add(a.get(), false);
    for (Node* n : order)
      if (!place.count(n)) add(n, inside(*n));
    for (const NodeRef& r : roots) results.push_back(place.at(r.get()));
  }

  void add(Node* n, bool inside) {
    std::vector<int> inputs;
    for (size_t i = 0; inside && i < data_inputs(*n); ++i) inputs.push_back(place.at(n->inputs[i].get()));
    place[n] = int(nodes.size());
    nodes.push_back({NodeRef(n), std::move(inputs), inside, nb::none()});
  }

  // Values at hand are named by the tensors that held them when the function read them.
  void name_values(const std::vector<NodeRef>& captured, const std::vector<nb::object>& handles) {
    std::unordered_map<const Node*, nb::object> known;
    for (size_t i = 0; i < captured.size(); ++i) known[captured[i].get()] = handles[i];
    for (size_t i = arguments; i < nodes.size(); ++i) {
      GraphNode& n = nodes[i];
      auto found = known.find(n.node.get());
      if (found != known.end()) n.value = found->second;
      else if (!n.inside && n.node->computed()) n.value = wrap(n.node);
    }
  }

  size_t arguments, updates = 0;
  std::vector<GraphNode> nodes;
  std::vector<int> results;
  std::unordered_map<const Node*, int> place;
};

TracedGraph trace_graph(h function, h arguments, h batch) {
  std::vector<NodeRef> leaves;
  for (const NodeRef& like : as_nodes(arguments)) {
    Dims shape = like->shape;
    if (!batch.is_none() && !shape.empty()) shape[0] = as_int(batch);
    leaves.push_back(leaf(shape, like->dtype, like->device, placeholder(product(shape) * size_of(like->dtype))));
  }
  Trace trace(function, std::move(leaves));
  TracedGraph graph(trace.id, trace.arguments, trace.results);
  graph.name_values(trace.captured, trace.handles);
  graph.updates = trace.finals.size();
  return graph;
}

nb::object body_graph(const GraphNode& n) {
  if (!is_repeat(*n.node)) return nb::none();
  const RepeatBody& body = body_of(*n.node);
  TracedGraph graph(body.trace, body.arguments, body.results);
  graph.name_values({}, {});
  return nb::make_tuple(nb::cast(std::move(graph)), body.carries, body.sequences);
}

nb::object number(const Scalar& s) {
  switch (s.kind) {
    case Scalar::boolean: return nb::bool_(s.i != 0);
    case Scalar::integer: return s.i < 0 && s.re > 0 ? nb::object(nb::int_(uint64_t(s.i))) : nb::object(nb::int_(s.i));
    case Scalar::real: return nb::float_(s.re);
    case Scalar::complex: break;
  }
  return nb::steal(PyComplex_FromDoubles(s.re, s.im));
}

}  // namespace

void bind_graph(nb::module_& m) {
  nb::class_<GraphNode>(m, "GraphNode", "A node of a TracedGraph.")
      .def_prop_ro(
          "primitive", [](const GraphNode& n) { return n.node->prim->name; }, "What computes it; see core/primitives.")
      .def_prop_ro(
          "inputs", [](const GraphNode& n) { return n.inputs; }, "Positions of its inputs in the graph.")
      .def_prop_ro(
          "attrs", [](const GraphNode& n) { return to_tuple(n.node->attrs); }, "What the primitive says of itself.",
          nb::sig("def attrs(self) -> tuple[int, ...]"))
      .def_prop_ro(
          "shape", [](const GraphNode& n) { return to_tuple(n.node->shape); }, "Its shape.", nb::sig("def shape(self) -> tuple[int, ...]"))
      .def_prop_ro(
          "dtype", [](const GraphNode& n) { return dtype_object(n.node->dtype); }, "Its dtype.", nb::sig("def dtype(self) -> dtype"))
      .def_prop_ro(
          "scalar", [](const GraphNode& n) { return number(n.node->scalar); }, "The number of a scalar, the fill value of padding.",
          nb::sig("def scalar(self) -> complex"))
      .def_prop_ro(
          "value", [](const GraphNode& n) { return n.value; }, "Of a value at hand: the tensor that the function read.",
          nb::sig("def value(self) -> Tensor | None"))
      .def_prop_ro("body", &body_graph, "Of a loop: the graph of its body, and how many carried values and sequences it has.",
                   nb::sig("def body(self) -> tuple[TracedGraph, int, int] | None"))
      .def_prop_ro(
          "site", [](const GraphNode& n) { return n.node->site ? site_text(n.node->site) : std::string(); },
          "The line that made it, with WEFT_DEBUG=trace; else empty.");
  nb::class_<TracedGraph>(m, "TracedGraph", "What a function does to tensors: its arguments first, then nodes with inputs before their users.")
      .def_prop_ro(
          "nodes",
          [](const TracedGraph& g) {
            nb::list nodes;
            for (const GraphNode& n : g.nodes) nodes.append(nb::cast(GraphNode(n)));
            return nodes;
          },
          "All nodes.", nb::sig("def nodes(self) -> list[GraphNode]"))
      .def_prop_ro(
          "arguments", [](const TracedGraph& g) { return g.arguments; }, "How many of the nodes, at the beginning, are arguments.")
      .def_prop_ro(
          "updates", [](const TracedGraph& g) { return g.updates; }, "To how many tensors from outside the function gave new values.")
      .def_prop_ro("results", [](const TracedGraph& g) { return g.results; }, "Positions of what the function returned.");
  m.def("_trace_graph", &trace_graph, nb::arg("function"), nb::arg("arguments"), nb::arg("batch").none(),
        "The graph of a function of tensors like `arguments`, with `batch` for their first dimension unless it is None.",
        nb::sig("def _trace_graph(function: typing.Callable[[list[Tensor]], list[Tensor]], arguments: typing.Sequence[Tensor], batch: int | None) -> "
                "TracedGraph"));
}

}  // namespace weft
