// Arrays of NumPy in and out.
#include <nanobind/ndarray.h>

#include <cstring>

#include "bindings/convert.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"

namespace weft {

namespace {

nb::handle numpy_attr(const char* name) { return nb::object(nb::module_::import_("numpy").attr(name)).release(); }

DType dtype_of_format(const char* format, size_t itemsize, nb::handle array) {
  while (*format == '@' || *format == '=' || *format == '<') ++format;
  bool complex = *format == 'Z';
  if (complex) ++format;
  char c = format[0];
  if (format[0] && !format[1]) {
    if (complex) return c == 'f' ? DType::c64 : c == 'd' ? DType::c128 : dtype_from_name(nb::cast<std::string>(nb::str(array.attr("dtype"))));
    if (c == '?') return DType::b1;
    if (c == 'e') return DType::f16;
    if (c == 'f') return DType::f32;
    if (c == 'd') return DType::f64;
    DType of_size[4] = {DType::i8, DType::i16, DType::i32, DType::i64};
    DType of_size_u[4] = {DType::u8, DType::u16, DType::u32, DType::u64};
    int log = itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : 3;
    if (std::strchr("bhilq", c)) return of_size[log];
    if (std::strchr("BHILQ", c)) return of_size_u[log];
  }
  raise(Error::type, "a NumPy array of dtype ", nb::str(array.attr("dtype")).c_str(), " cannot become a tensor");
}

struct View {  // of a C-contiguous array
  Py_buffer buffer;
  explicit View(nb::handle array) {
    if (PyObject_GetBuffer(array.ptr(), &buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) throw nb::python_error();
  }
  ~View() { PyBuffer_Release(&buffer); }
  View(const View&) = delete;
};

}  // namespace

bool is_numpy(nb::handle h) {
  static PyTypeObject* array = (PyTypeObject*)numpy_attr("ndarray").ptr();
  static PyTypeObject* scalar = (PyTypeObject*)numpy_attr("generic").ptr();
  return PyObject_TypeCheck(h.ptr(), array) || PyObject_TypeCheck(h.ptr(), scalar);
}

nb::object numpy_array(nb::handle h) {
  static nb::handle asarray = numpy_attr("asarray");
  return asarray(h);
}

DType numpy_dtype(nb::handle array) { return dtype_from_name(nb::cast<std::string>(array.attr("dtype").attr("name"))); }

NodeRef from_numpy(nb::handle h, Device* device) {
  static nb::handle ascontiguous = numpy_attr("ascontiguousarray");
  nb::object array = numpy_array(h);
  nb::object dtype = array.attr("dtype");
  if (!nb::cast<bool>(dtype.attr("isnative"))) array = array.attr("astype")(dtype.attr("newbyteorder")("="));
  nb::object shape = array.attr("shape");  // ascontiguousarray makes scalars one-dimensional
  // bfloat16 comes from ml_dtypes: NumPy has no buffer format for it.
  bool bf16 = nb::cast<std::string>(dtype.attr("name")) == "bfloat16";
  nb::object dense = ascontiguous(bf16 ? array.attr("view")("uint16") : array);
  if (nb::cast<std::string>(dtype.attr("kind")).find_first_of("OSUVMmT") == 0 && !bf16)
    raise(Error::type, "a NumPy array of dtype ", nb::str(dtype).c_str(), " cannot become a tensor");
  View view(dense);
  DType type = bf16 ? DType::bf16 : dtype_of_format(view.buffer.format, size_t(view.buffer.itemsize), array);
  Dims dims = as_dims(shape);
  WithoutGil nogil;
  return from_host(view.buffer.buf, dims, type, device);
}

void read_bytes(const NodeRef& node, void* out) {
  WithoutGil nogil;
  to_host(node, out);
}

nb::object to_numpy(const NodeRef& given, const char* why, bool writable) {
  NodeRef node = given->dtype == DType::bf16 ? ops::cast(given, DType::f32) : given;
  Device* device = node->device;
  std::vector<size_t> shape(node->shape.begin(), node->shape.end());
  std::vector<int64_t> strides;
  void* data = nullptr;
  nb::object owner;
  if (!writable && device->backend->capabilities.shared_memory && node->numel()) {
    WithoutGil nogil;
    evaluate({node});
    synchronize(device);
    record_sync(why);
    Buffer* buffer = node->buffer.get();
    if (char* host = buffer ? (char*)device->backend->export_host(device->index, buffer->handle) : nullptr) {
      data = host + node->offset * size_of(node->dtype);
      strides.assign(node->strides.begin(), node->strides.end());
    }
  }
  bool shared = data != nullptr;
  if (shared) {  // the capsule keeps the memory, and keeps it from being written
    owner = nb::capsule(new BufferRef(node->buffer), [](void* p) noexcept { delete (BufferRef*)p; });
  } else {
    data = ::operator new(size_t(node->numel() * size_of(node->dtype)) + 1);
    owner = nb::capsule(data, [](void* p) noexcept { ::operator delete(p); });
    if (node->numel()) read_bytes(node, data);
    Dims dense = contiguous_strides(node->shape);
    strides.assign(dense.begin(), dense.end());
  }
  DType d = node->dtype;
  uint8_t code = uint8_t(d == DType::b1 ? nb::dlpack::dtype_code::Bool
                         : is_complex(d) ? nb::dlpack::dtype_code::Complex
                         : is_float(d)   ? nb::dlpack::dtype_code::Float
                         : is_unsigned(d) ? nb::dlpack::dtype_code::UInt
                                          : nb::dlpack::dtype_code::Int);
  nb::dlpack::dtype type{code, uint8_t(size_of(d) * 8), 1};
  if (shared)
    return nb::cast(nb::ndarray<nb::numpy, nb::ro>(data, shape.size(), shape.data(), owner, strides.data(), type));
  return nb::cast(nb::ndarray<nb::numpy>(data, shape.size(), shape.data(), owner, strides.data(), type));
}

}  // namespace weft
