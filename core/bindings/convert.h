// From Python objects to the core's types and back.
#pragma once

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <vector>

#include "bindings/tensor.h"
#include "graph/ops.h"
#include "runtime/device.h"

namespace weft {

// ---- dtypes and devices (types.cpp)
struct PyDType {
  DType dtype;
};
struct PyDevice {
  Device* device;
};
nb::object dtype_object(DType dtype);           // the one object of this dtype
DType as_dtype(nb::handle h);                   // weft.float32, "float32", np.float32, float, ...
DType as_dtype(nb::handle h, DType otherwise);  // `otherwise` for None
std::vector<Device*>& believed_devices();       // on which a probe kernel ran; guarded by the GIL
Device*& resolved_device();                     // what _devices.py said the default is; null: ask again
Device* as_device(nb::handle h);                // a device object, a name, or None: the default

// ---- Python scalars
struct PyScalar {
  Scalar value;
  bool big = false;  // an integer of 2^63 or more: value.i holds its bits
};
std::optional<PyScalar> scalar_of(nb::handle h);  // bool, int, float, complex; not NumPy's
DType scalar_dtype(Scalar::Kind kind);            // the dtype of a tensor made of it alone
// The scalar as a tensor. Raises OverflowError where an integer does not fit.
NodeRef scalar_node(const PyScalar& scalar, DType dtype, Device* device);
Scalar as_scalar(nb::handle h, DType dtype);  // any number, also NumPy's, for fills

// ---- operands
// A Tensor, array, number or nested list as a node. The dtype follows from the value.
NodeRef as_node(nb::handle h, Device* device = nullptr);
// The other operand beside `like`: a Python scalar takes its dtype, anything goes to its device. Null if it is no operand.
NodeRef operand(nb::handle h, const NodeRef& like, bool comparison = false);
struct Operands {
  NodeRef a, b;
};
// `device` is for numbers and arrays that meet no tensor; null: the default.
Operands operands(nb::handle a, nb::handle b, bool comparison = false, Device* device = nullptr);
NodeRef power(const NodeRef& x, nb::handle exponent);  // operators.cpp; null if the exponent is no operand
std::vector<NodeRef> as_nodes(nb::handle sequence);

// ---- shapes and axes
int64_t as_int(nb::handle h);          // anything with __index__
Dims as_dims(nb::handle h);            // an int or a sequence of ints
Dims args_dims(const nb::args& args);  // f(2, 3) or f((2, 3))
nb::tuple to_tuple(const Dims& dims);
Dims axes_of(const char* op, const NodeRef& x, nb::handle axis);  // None: all; normalised
inline nb::handle either(nb::handle axis, nb::handle dim) { return dim.is_none() ? axis : dim; }

// ---- NumPy (numpy.cpp)
bool is_numpy(nb::handle h);                                                       // an array or a scalar of NumPy
nb::object numpy_array(nb::handle h);                                              // np.asarray
DType numpy_dtype(nb::handle array);                                               // raises TypeError
NodeRef from_numpy(nb::handle array, Device* device);                              // copies
NodeRef imported(nb::handle array, Device* device);                                // its own memory, or null
nb::object to_numpy(const NodeRef& node, const char* why, bool writable = false);  // a view where memory is shared
void read_bytes(const NodeRef& node, void* out);                                   // one dense block, without the GIL

}  // namespace weft
