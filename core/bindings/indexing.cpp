// t[index] and t[index] = value, by NumPy's rules.
//
// An index becomes a list of parts. Basic ones (integers, slices, None, ...) are views; arrays and masks are gathered. Writing gives
// the handle a new value: a `where` over the padded region, or a scatter.
#include "bindings/bind.h"

namespace weft {

namespace {

struct Part {
  enum Kind { slice, integer, newaxis, array, gap } kind;  // gap: an ellipsis that stands for nothing, but separates arrays
  int64_t start = 0, size = 0, step = 1;                   // slice; integer: start
  NodeRef index;                                           // array
};

struct Index {
  NodeRef x;  // with the dimensions of each mask made one
  std::vector<Part> parts;
  bool advanced = false;
  bool checked = true;  // no index can be out of bounds
};

bool is_mask(nb::handle h) {
  if (PyBool_Check(h.ptr())) return true;
  if (Tensor* t = tensor_of(h)) return t->node()->dtype == DType::b1;
  return is_numpy(h) && nb::cast<std::string>(h.attr("dtype").attr("kind")) == "b";
}

int ndim(nb::handle h) {
  if (PyBool_Check(h.ptr())) return 0;
  if (Tensor* t = tensor_of(h)) return t->node()->rank();
  return nb::cast<int>(h.attr("ndim"));
}

[[noreturn]] void out_of_bounds(int64_t i, int axis, int64_t size) {
  raise(Error::index, "index ", i, " is out of bounds for axis ", axis, " with size ", size);
}

class Parser {
 public:
  Parser(const NodeRef& x, nb::handle index) : out_{x, {}} {
    std::vector<nb::object> items = listed(index);
    int used = 0, dots = -1;
    for (size_t i = 0; i < items.size(); ++i) {
      if (items[i].is(nb::ellipsis())) {
        if (dots >= 0) raise(Error::index, "an index can only have a single ellipsis ('...')");
        dots = int(i);
      } else if (!items[i].is_none()) {
        used += is_mask(items[i]) ? ndim(items[i]) : 1;
      }
      if (items[i].is_none() || items[i].is(nb::ellipsis())) continue;
      bool plain = PySlice_Check(items[i].ptr()) || (PyLong_Check(items[i].ptr()) && !PyBool_Check(items[i].ptr()));
      out_.advanced |= !plain;
    }
    int rest = x->rank() - used;
    if (rest < 0) raise(Error::index, "too many indices: the tensor has ", x->rank(), " dimensions, but ", used, " were indexed");
    for (size_t i = 0; i < items.size(); ++i) {
      if (int(i) == dots) fill(rest);
      else item(items[i]);
    }
    if (dots < 0) fill(rest);
  }
  Index take() { return std::move(out_); }

 private:
  // A tuple's items; lists become arrays, NumPy's integers Python's.
  static std::vector<nb::object> listed(nb::handle index) {
    std::vector<nb::object> items;
    auto add = [&](nb::handle h) {
      if (PyList_Check(h.ptr()) || PyTuple_Check(h.ptr())) {
        nb::object array = numpy_array(h);
        if (!nb::cast<int64_t>(array.attr("size")) && nb::cast<std::string>(array.attr("dtype").attr("kind")) == "f") array = array.attr("astype")("int64");
        items.push_back(array);
      } else if (!PyLong_Check(h.ptr()) && is_numpy(h) && !nb::cast<int>(h.attr("ndim")) && PyIndex_Check(h.ptr()) && !is_mask(h)) {
        bool scalar = nb::cast<std::string>(h.attr("dtype").attr("kind")).find_first_of("iu") == 0;
        items.push_back(scalar ? nb::steal(PyNumber_Index(h.ptr())) : nb::borrow(h));
      } else if (!tensor_of(h) && !is_numpy(h) && PyIndex_Check(h.ptr()) && !PyBool_Check(h.ptr())) {
        items.push_back(nb::steal(PyNumber_Index(h.ptr())));
      } else {
        items.push_back(nb::borrow(h));
      }
      if (!items.back().is_valid()) throw nb::python_error();
    };
    if (PyTuple_Check(index.ptr()))
      for (nb::handle h : nb::borrow<nb::tuple>(index)) add(h);
    else add(index);
    return items;
  }

  int64_t extent() const { return out_.x->shape[dim_]; }

  void fill(int count) {
    if (!count) out_.parts.push_back({Part::gap, 0, 0, 1, nullptr});
    for (int i = 0; i < count; ++i) {
      out_.parts.push_back({Part::slice, 0, extent(), 1, nullptr});
      ++dim_;
    }
  }

  void item(nb::handle h) {
    if (h.is_none()) {
      out_.parts.push_back({Part::newaxis, 0, 0, 1, nullptr});
    } else if (PySlice_Check(h.ptr())) {
      Py_ssize_t start, stop, step;
      if (PySlice_Unpack(h.ptr(), &start, &stop, &step)) throw nb::python_error();
      Py_ssize_t size = PySlice_AdjustIndices(Py_ssize_t(extent()), &start, &stop, step);
      out_.parts.push_back({Part::slice, start, size, step, nullptr});
      ++dim_;
    } else if (is_mask(h)) {
      mask(h);
    } else if (PyLong_Check(h.ptr())) {
      int64_t i = as_int(h), n = extent();
      if (i < -n || i >= n) out_of_bounds(i, dim_, n);
      out_.parts.push_back({Part::integer, i < 0 ? i + n : i, 1, 1, nullptr});
      ++dim_;
    } else if (Tensor* t = tensor_of(h)) {
      if (!is_int(t->node()->dtype)) raise(Error::index, "tensors used as indices must be of integer or bool dtype, not ", name(t->node()->dtype));
      out_.checked = false;
      array(t->node());
    } else if (is_numpy(h)) {
      array(on_host(h));
    } else {
      raise(Error::index, "an index is an integer, a slice, None, '...', or an integer or bool array, not ", nb::type_name(h.type()).c_str());
    }
  }

  void array(NodeRef index) {
    out_.parts.push_back({Part::array, 0, 0, 1, std::move(index)});
    ++dim_;
  }

  // Known here and now, so bounds are checked at the call.
  NodeRef on_host(nb::handle h) {
    if (nb::cast<std::string>(h.attr("dtype").attr("kind")).find_first_of("iu") != 0)
      raise(Error::index, "arrays used as indices must be of integer or bool dtype, not ", nb::str(h.attr("dtype")).c_str());
    nb::object array = h.attr("astype")("int64");
    int64_t n = extent();
    if (nb::cast<int64_t>(array.attr("size"))) {
      int64_t low = nb::cast<int64_t>(array.attr("min")()), high = nb::cast<int64_t>(array.attr("max")());
      if (low < -n) out_of_bounds(low, dim_, n);
      if (high >= n) out_of_bounds(high, dim_, n);
      if (low < 0) array = nb::module_::import_("numpy").attr("where")(array.attr("__lt__")(0), array + nb::int_(n), array);
    }
    return from_numpy(array, out_.x->device);
  }

  void mask(nb::handle h) {
    nb::object host;  // counting the true places synchronises
    if (Tensor* t = tensor_of(h)) host = to_numpy(t->node(), "boolean mask");
    else host = numpy_array(h);
    Dims shape = as_dims(host.attr("shape"));
    Dims merged(out_.x->shape.begin(), out_.x->shape.begin() + dim_);
    int64_t n = 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      int64_t size = out_.x->shape[dim_ + i];
      if (shape[i] != size) raise(Error::index, "a boolean mask of shape ", shape, " does not fit axis ", dim_ + i, " with size ", size);
      n *= size;
    }
    merged.push_back(n);
    for (size_t i = size_t(dim_) + shape.size(); i < out_.x->shape.size(); ++i) merged.push_back(out_.x->shape[i]);
    if (shape.size() != 1) out_.x = ops::reshape(out_.x, merged);
    array(from_numpy(nb::module_::import_("numpy").attr("flatnonzero")(host), out_.x->device));
  }

  Index out_;
  int dim_ = 0;
};

// The slices of an index applied, other dimensions whole; one of size 1 for each integer.
NodeRef sliced(const Index& index, const NodeRef& x) {
  Dims start, size, step;
  bool all = true;
  for (const Part& p : index.parts) {
    if (p.kind == Part::newaxis || p.kind == Part::gap) continue;
    size_t d = start.size();
    bool whole = p.kind == Part::array || (p.kind == Part::integer && index.advanced);
    start.push_back(whole ? 0 : p.start);
    size.push_back(whole ? x->shape[d] : p.size);
    step.push_back(whole ? 1 : p.step);
    all &= start[d] == 0 && size[d] == x->shape[d] && step[d] == 1;
  }
  return all ? x : ops::slice(x, start, size, step);
}

NodeRef apply(const Index& index, const NodeRef& x) {
  NodeRef y = sliced(index, x);
  Dims shape;
  std::vector<NodeRef> arrays;
  Dims places;
  bool together = true;
  int last = -1;
  size_t d = 0;
  for (size_t i = 0; i < index.parts.size(); ++i) {
    const Part& p = index.parts[i];
    if (p.kind == Part::gap) continue;
    if (p.kind == Part::newaxis) {
      shape.push_back(1);
      continue;
    }
    if (p.kind == Part::array || (p.kind == Part::integer && index.advanced)) {
      if (last >= 0 && last != int(i) - 1) together = false;
      last = int(i);
      places.push_back(int64_t(shape.size()));
      arrays.push_back(p.kind == Part::array ? p.index : ops::scalar(Scalar::of(p.start), DType::i64, x->device));
    } else if (p.kind == Part::integer) {
      ++d;
      continue;
    }
    shape.push_back(y->shape[d++]);
  }
  if (y->shape != shape) y = ops::reshape(y, shape);
  if (arrays.empty()) return y;
  int64_t axis = places[0];
  if (!together) {  // apart: the result's dimensions go first
    Dims order = places;
    for (int64_t i = 0; i < y->rank(); ++i)
      if (std::find(places.begin(), places.end(), i) == places.end()) order.push_back(i);
    y = ops::permute(y, order);
    axis = 0;
  }
  return ops::gather(y, arrays, axis, index.checked);
}

NodeRef get(const NodeRef& x, nb::handle key) {
  if (PyLong_CheckExact(key.ptr()) && x->rank() == 1) {  // the common case, without a list of parts
    int64_t i = as_int(key), n = x->shape[0];
    if (i < -n || i >= n) out_of_bounds(i, 0, n);
    return ops::reshape(ops::slice(x, {i < 0 ? i + n : i}, {1}, {1}), {});
  }
  Index index = Parser(x, key).take();
  return apply(index, index.x);
}

// ---- writing

NodeRef fitted(NodeRef value, const Dims& shape) {  // NumPy also takes leading dimensions of size 1
  while (value->rank() > int(shape.size()) && value->shape[0] == 1) value = ops::squeeze(value, {0});
  return value->shape == shape ? value : ops::broadcast_to(value, shape);
}

NodeRef set_region(const Index& index, const NodeRef& x, const NodeRef& value, const Dims& result) {
  size_t rank = x->shape.size();
  Dims lo(rank), hi(rank), interior(rank), flipped, sizes;
  bool all = true;
  for (const Part& p : index.parts) {
    if (p.kind == Part::newaxis || p.kind == Part::gap) continue;
    size_t d = sizes.size();
    int64_t n = x->shape[d], first = p.start, step = p.step;
    sizes.push_back(p.size);
    if (!p.size) return x;
    if (step < 0) {
      first += (p.size - 1) * step;
      step = -step;
      flipped.push_back(int64_t(d));
    }
    lo[d] = first;
    interior[d] = step - 1;
    hi[d] = n - (first + (p.size - 1) * step + 1);
    all &= p.size == n;
  }
  NodeRef v = fitted(value, result);
  v = ops::reshape(v, sizes);
  if (!flipped.empty()) v = ops::flip(v, flipped);
  if (all) return v;
  NodeRef inside = ops::pad(ops::full(sizes, Scalar::of(true), DType::b1, x->device), lo, hi, interior, Scalar::of(false));
  return ops::where(inside, value->rank() ? ops::pad(v, lo, hi, interior, Scalar::of(0)) : value, x);
}

// A scatter at the coordinates of every dimension, each shaped to broadcast over the result of reading.
NodeRef set_arrays(const Index& index, const NodeRef& x, const NodeRef& value) {
  Dims together;  // the shape of the arrays
  int first = -1, last = -1, arrays = 0;
  for (size_t i = 0; i < index.parts.size(); ++i) {
    const Part& p = index.parts[i];
    if (p.kind != Part::array && p.kind != Part::integer) continue;
    if (p.index) together = ops::broadcast_shapes("index", together, p.index->shape);
    if (first < 0) first = int(i);
    last = int(i);
    ++arrays;
  }
  bool front = last - first + 1 != arrays;  // apart: their dimensions go first
  Dims result;
  int array_at = front ? 0 : -1;
  if (front) result = together;
  std::vector<int> at;  // of each slice in the result
  for (size_t i = 0; i < index.parts.size(); ++i) {
    const Part& p = index.parts[i];
    if (int(i) == first && !front) {
      array_at = int(result.size());
      for (int64_t d : together) result.push_back(d);
    }
    if (p.kind == Part::slice) at.push_back(int(result.size()));
    if (p.kind == Part::slice || p.kind == Part::newaxis) result.push_back(p.kind == Part::slice ? p.size : 1);
  }
  if (!product(result)) return x;
  bool leading = array_at == 0;  // the common case: slices only after the arrays, and whole
  for (size_t i = 0, d = 0; i < index.parts.size(); ++i) {
    const Part& p = index.parts[i];
    if (p.kind == Part::gap) continue;
    leading &= p.kind != Part::newaxis && (p.kind != Part::slice || (int(i) > last && p.start == 0 && p.step == 1 && p.size == x->shape[d]));
    ++d;
  }
  std::vector<NodeRef> places;
  size_t slices = 0;
  for (const Part& p : index.parts) {
    Dims shape(result.size(), 1);
    if (p.kind == Part::integer) {
      places.push_back(ops::scalar(Scalar::of(p.start), DType::i64, x->device));
    } else if (p.kind == Part::array) {
      size_t offset = array_at + together.size() - p.index->shape.size();
      for (size_t d = 0; d < p.index->shape.size(); ++d) shape[offset + d] = p.index->shape[d];
      places.push_back(leading ? p.index : ops::reshape(p.index, shape));
    } else if (p.kind == Part::slice && !leading) {
      shape[at[slices++]] = p.size;
      NodeRef line = ops::iota(p.size, x->device);
      if (p.step != 1) line = ops::mul(line, ops::scalar(Scalar::of(p.step), DType::i64, x->device));
      if (p.start) line = ops::add(line, ops::scalar(Scalar::of(p.start), DType::i64, x->device));
      places.push_back(ops::reshape(line, shape));
    }
  }
  return ops::scatter(x, places, fitted(value, result), ops::Scatter::set, index.checked);
}

// A mask of the leading dimensions and one value need no count.
NodeRef set_masked(const NodeRef& x, nb::handle key, const NodeRef& value) {
  NodeRef mask = as_node(key, x->device);
  Dims shape = mask->shape;
  for (int d = 0; d < mask->rank(); ++d)
    if (mask->rank() > x->rank() || shape[d] != x->shape[d])
      raise(Error::index, "a boolean mask of shape ", shape, " does not fit a tensor of shape ", x->shape);
  while (int(shape.size()) < x->rank()) shape.push_back(1);
  return ops::where(ops::reshape(mask, shape), ops::reshape(value, {}), x);
}

NodeRef set(const NodeRef& x, nb::handle key, nb::handle given) {
  NodeRef value = operand(given, x);
  if (!value) value = as_node(given, x->device);
  value = ops::cast(value, x->dtype);
  nb::handle single = key;
  if (PyTuple_Check(key.ptr()) && PyTuple_Size(key.ptr()) == 1) single = PyTuple_GetItem(key.ptr(), 0);
  if (!PyTuple_Check(single.ptr()) && is_mask(single) && ndim(single) && value->numel() == 1) return set_masked(x, single, value);
  Index index = Parser(x, key).take();
  NodeRef result = index.advanced ? set_arrays(index, index.x, value) : set_region(index, index.x, value, apply(index, index.x)->shape);
  return result->shape == x->shape ? result : ops::reshape(result, x->shape);
}

}  // namespace

void bind_indexing(nb::module_& m, TensorClass& t) {
  t.def(
      "__getitem__", [](const Tensor& x, nb::handle key) { return wrap(get(x.node(), key)); }, nb::arg("key").none(),
      "By NumPy's rules. A mask waits for its count. An index known here that is out of bounds raises IndexError; one that is computed raises it later.",
      nb::sig("def __getitem__(self, key: weft._typing.Index, /) -> Tensor"));
  t.def(
      "__setitem__", [](Tensor& x, nb::handle key, nb::handle value) { x.rebind(set(x.node(), key, value)); }, nb::arg("key").none(), nb::arg("value"),
      "Gives this handle a new value with the elements replaced; other handles and views keep theirs.",
      nb::sig("def __setitem__(self, key: weft._typing.Index, value: " WEFT_LIKE " | typing.Sequence[typing.Any], /) -> None"));
}

}  // namespace weft
