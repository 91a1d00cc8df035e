// What each file of this folder adds to the module.
#pragma once

#include "bindings/convert.h"

namespace weft {

using TensorClass = nb::class_<Tensor>;

void bind_types(nb::module_& m);
TensorClass bind_tensor(nb::module_& m);
void bind_operators(TensorClass& t);
void bind_elementwise(nb::module_& m, TensorClass& t);
void bind_reduce(nb::module_& m, TensorClass& t);
void bind_movement(nb::module_& m, TensorClass& t);
void bind_indexing(nb::module_& m, TensorClass& t);
void bind_select(nb::module_& m, TensorClass& t);
void bind_creation(nb::module_& m, TensorClass& t);
void bind_autograd(nb::module_& m, TensorClass& t);
void bind_random(nb::module_& m);
void bind_products(nb::module_& m, TensorClass& t);
void bind_compile(nb::module_& m);
void bind_graph(nb::module_& m);
void bind_site(nb::module_& m);
void bind_trees(nb::module_& m);
void bind_runtime(nb::module_& m, TensorClass& t);
void bind_backends(nb::module_& m);

// Signatures of the stubs name these types of python/weft/_typing.py.
#define WEFT_LIKE "weft._typing.TensorLike"

}  // namespace weft
