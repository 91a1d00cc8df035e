#include "runtime/repeat.h"

#include "graph/ops.h"
#include "primitives/primitive.h"
#include "runtime/evaluate.h"

namespace weft {

namespace {
const Primitive kRepeat{.name = "repeat", .kind = Primitive::opaque};
const Primitive kPick{.name = "pick", .kind = Primitive::opaque};  // one result of a repeat

const Primitive kCopy{.name = "copy", .kind = Primitive::map, .emit = [](Tape&, const Node&, const Val* in) { return in[0]; }};

struct Run {
  std::shared_ptr<RepeatBody> body;
  std::vector<NodeRef> results;
};

NodeRef slice_at(const NodeRef& x, int64_t t) {
  Dims shape(x->shape.begin() + 1, x->shape.end()), strides(x->strides.begin() + 1, x->strides.end());
  return leaf(shape, x->dtype, x->device, x->buffer, strides, x->offset + t * x->strides[0]);
}
}  // namespace

NodeRef copied(const NodeRef& x) { return make_node(kCopy, x->shape, x->dtype, {x}); }

bool is_repeat(const Node& n) { return n.prim == &kRepeat; }
bool is_pick(const Node& n) { return n.prim == &kPick; }

static Run& run_of(const Node& repeat) { return *static_cast<Run*>(repeat.payload.get()); }

const RepeatBody& body_of(const Node& repeat) { return *run_of(repeat).body; }

int repeat_results(const Node& repeat) { return body_of(repeat).carries + int(body_of(repeat).output_shapes.size()); }

std::vector<NodeRef> repeat(std::shared_ptr<RepeatBody> body, int64_t n, bool reverse, const std::vector<NodeRef>& inputs) {
  SmallVector<NodeRef, 3> all(inputs.begin(), inputs.end());
  GradMode off(false);  // gradients are the caller's: a repeat of the body's vjp
  NodeRef node = make_node(kRepeat, {}, DType::i64, all, {n, reverse});
  auto run = std::make_shared<Run>();
  run->body = body;
  node->payload = run;
  std::vector<NodeRef> picks;
  for (int c = 0; c < body->carries; ++c) picks.push_back(make_node(kPick, inputs[c]->shape, inputs[c]->dtype, {node}, {c}));
  for (size_t o = 0; o < body->output_shapes.size(); ++o) {
    Dims shape = body->output_shapes[o];
    shape.insert(0, n);
    picks.push_back(make_node(kPick, shape, body->output_dtypes[o], {node}, {body->carries + int64_t(o)}));
  }
  return picks;
}

std::vector<NodeRef> run_body(const Node& repeat, std::vector<NodeRef> inputs) {
  RepeatBody& body = *run_of(repeat).body;
  int64_t n = repeat.attrs[0];
  bool reverse = repeat.attrs[1];
  for (NodeRef& in : inputs) in = contiguous(in);
  std::vector<NodeRef> args(inputs), outputs;
  for (size_t o = 0; o < body.output_shapes.size(); ++o) {
    Dims shape = body.output_shapes[o];
    shape.insert(0, n);
    outputs.push_back(leaf(shape, body.output_dtypes[o], repeat.device, repeat.device->pool.alloc(product(shape) * size_of(body.output_dtypes[o]))));
  }
  std::vector<OutputPlace> places(body.carries + outputs.size());
  std::vector<bool> disposable(args.size(), false);
  std::fill_n(disposable.begin(), body.carries, true);  // the first ones are held by `inputs` too
  for (int64_t i = 0; i < n; ++i) {
    int64_t t = reverse ? n - 1 - i : i;
    for (int s = 0; s < body.sequences; ++s) args[body.carries + s] = slice_at(inputs[body.carries + s], t);
    for (size_t o = 0; o < outputs.size(); ++o) places[body.carries + o] = {outputs[o]->buffer, t * outputs[o]->strides[0]};
    std::vector<NodeRef> results = body.body->run(args, disposable, places);
    for (int c = 0; c < body.carries; ++c) args[c] = contiguous(results[c]);
  }
  args.resize(body.carries);
  args.insert(args.end(), outputs.begin(), outputs.end());
  return args;
}

void run_pick(Node& n) {
  Node& repeat = *n.inputs[0];
  Run& run = run_of(repeat);
  if (run.results.empty()) run.results = run_body(repeat, {repeat.inputs.begin(), repeat.inputs.end()});
  const NodeRef& value = run.results[n.attrs[0]];
  n.set_value(value->buffer, value->strides, value->offset);
  n.inputs.clear();
}

}  // namespace weft
