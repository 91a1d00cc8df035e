// Arrays of NumPy in and out.
#include <nanobind/ndarray.h>

#include <cstring>
#include <memory>

#include "bindings/convert.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"

namespace weft {

namespace {

nb::handle numpy_attr(const char* name) { return nb::object(nb::module_::import_("numpy").attr(name)).release(); }

// By the code of the struct module; nothing for other byte orders, structures, text and objects.
std::optional<DType> dtype_of_format(const char* format, size_t itemsize) {
  while (*format == '@' || *format == '=' || *format == '<') ++format;
  bool complex = *format == 'Z';
  if (complex) ++format;
  char c = format[0];
  if (!c || format[1]) return std::nullopt;
  if (complex) return c == 'f' ? std::optional(DType::c64) : c == 'd' ? std::optional(DType::c128) : std::nullopt;
  if (c == '?') return DType::b1;
  if (c == 'e') return DType::f16;
  if (c == 'f') return DType::f32;
  if (c == 'd') return DType::f64;
  DType of_size[4] = {DType::i8, DType::i16, DType::i32, DType::i64};
  DType of_size_u[4] = {DType::u8, DType::u16, DType::u32, DType::u64};
  int log = itemsize == 1 ? 0 : itemsize == 2 ? 1 : itemsize == 4 ? 2 : 3;
  if (std::strchr("bhilq", c)) return of_size[log];
  if (std::strchr("BHILQ", c)) return of_size_u[log];
  return std::nullopt;
}

struct View {  // of a C-contiguous array; without one, Python's error is dropped
  Py_buffer buffer{};
  explicit View(nb::handle array) {
    if (PyObject_GetBuffer(array.ptr(), &buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) PyErr_Clear();
  }
  ~View() {
    if (buffer.obj) PyBuffer_Release(&buffer);
  }
  View(const View&) = delete;
};

// Copies, if it is a dense array of a dtype with a code.
NodeRef copied(nb::handle array, Device* device, std::optional<DType> as = std::nullopt) {
  View view(array);
  if (!view.buffer.obj) return nullptr;
  auto dtype = as ? as : dtype_of_format(view.buffer.format, size_t(view.buffer.itemsize));
  if (!dtype) return nullptr;
  Dims shape;
  for (int d = 0; d < view.buffer.ndim; ++d) shape.push_back(view.buffer.shape[d]);
  WithoutGil nogil;
  return from_host(view.buffer.buf, shape, *dtype, device);
}

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
  if (NodeRef node = copied(h, device)) return node;
  nb::object array = numpy_array(h), dtype = array.attr("dtype");
  std::string name = nb::cast<std::string>(dtype.attr("name"));
  std::optional<DType> as;
  if (!nb::cast<bool>(dtype.attr("isnative"))) array = array.attr("astype")(dtype.attr("newbyteorder")("="));
  if (name == "bfloat16") {  // of ml_dtypes; there is no code for it
    array = array.attr("view")("uint16");
    as = DType::bf16;
  }
  NodeRef node = copied(array.attr("copy")("C"), device, as);
  if (!node) raise(Error::type, "a NumPy array of dtype ", name, " cannot become a tensor");
  return node;
}

// The array's own memory, where the device reads host memory and the array is dense; null elsewhere. It must not change.
NodeRef imported(nb::handle array, Device* device) {
  auto& backend = *device->backend;
  auto view = std::make_shared<View>(array);
  auto& buffer = view->buffer;
  if (!buffer.obj || !buffer.len || !backend.capabilities.shared_memory) return nullptr;
  auto dtype = dtype_of_format(buffer.format, size_t(buffer.itemsize));
  if (!dtype || uintptr_t(buffer.buf) % size_of(*dtype)) return nullptr;
  void* handle = backend.import_host(device->index, buffer.buf, buffer.len);
  if (!handle) return nullptr;
  auto* owned = new Buffer;
  owned->device = device;
  owned->handle = handle;
  owned->nbytes = buffer.len;
  owned->imported = true;
  owned->on_free = [view]() mutable {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    view.reset();
  };
  Dims shape;
  for (int d = 0; d < buffer.ndim; ++d) shape.push_back(buffer.shape[d]);
  return leaf(shape, *dtype, device, BufferRef(owned));
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
  uint8_t code = uint8_t(d == DType::b1   ? nb::dlpack::dtype_code::Bool
                         : is_complex(d)  ? nb::dlpack::dtype_code::Complex
                         : is_float(d)    ? nb::dlpack::dtype_code::Float
                         : is_unsigned(d) ? nb::dlpack::dtype_code::UInt
                                          : nb::dlpack::dtype_code::Int);
  nb::dlpack::dtype type{code, uint8_t(size_of(d) * 8), 1};
  if (shared) return nb::cast(nb::ndarray<nb::numpy, nb::ro>(data, shape.size(), shape.data(), owner, strides.data(), type));
  return nb::cast(nb::ndarray<nb::numpy>(data, shape.size(), shape.data(), owner, strides.data(), type));
}

}  // namespace weft
