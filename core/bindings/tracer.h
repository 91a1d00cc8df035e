// What a trace of compile() notices about handles: which it reads, and which it rebinds.
#pragma once

#include "bindings/tensor.h"

namespace weft {

void trace_rebind(Tensor& t);  // about to name another node
void trace_grad(Tensor& t);    // about to get another .grad

}  // namespace weft
