// Products that a loop's way back shares with its way forth: saved there and not computed again, or gathered over all steps.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "graph/node.h"

namespace weft {

// The pending matrix products and convolutions these values are made of, in an order that equal graphs share.
std::vector<NodeRef> products_below(const std::vector<NodeRef>& values);

// Gives the products below `values` the values saved from the same graph: gradients flow as before, nothing is computed. Does
// nothing where the graphs differ.
void assume_products(const std::vector<NodeRef>& values, const std::vector<NodeRef>& saved);

// a and b, where x is a pending product of two matrices a @ b.
std::optional<std::pair<NodeRef, NodeRef>> factors(const NodeRef& x);

}  // namespace weft
