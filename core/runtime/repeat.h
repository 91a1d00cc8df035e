// The repeat node: a body run n times with carried values. A recurrent network of any length is one body, compiled once.
#pragma once

#include <memory>
#include <vector>

#include "runtime/compiled.h"

namespace weft {

struct RepeatBody {
  // Arguments of the body: carries, then one slice of each sequence, then constants. Results: carries, then one slice of each output.
  std::unique_ptr<Compiled> body;
  int carries = 0, sequences = 0, constants = 0;
  std::vector<Dims> output_shapes;  // of one slice of each output
  std::vector<DType> output_dtypes;
  // Its graph, for whoever reads graphs: nodes with this number of trace, from the leaves of the arguments to the results.
  uint32_t trace = 0;
  std::vector<NodeRef> arguments, results;
};

// `inputs`: initial carries, sequences (first dimension n), constants; same device. reverse: the last slice comes first.
// Gives the final carries and the stacked outputs, pending.
std::vector<NodeRef> repeat(std::shared_ptr<RepeatBody> body, int64_t n, bool reverse, const std::vector<NodeRef>& inputs);

// The same value as a node of its own: an output slice needs its place even where it equals another value.
NodeRef copied(const NodeRef& x);

// Of a pending repeat: how many results it has, and the results for these inputs, which are computed.
bool is_repeat(const Node& n);
int repeat_results(const Node& repeat);
const RepeatBody& body_of(const Node& repeat);
std::vector<NodeRef> run_body(const Node& repeat, std::vector<NodeRef> inputs);

// One result of a repeat. run_pick: runs the repeat if this is its first result asked for; its inputs are computed.
bool is_pick(const Node& n);
void run_pick(Node& n);

}  // namespace weft
