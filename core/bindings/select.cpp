// Picking and placing elements by index tensors, and putting them in order.
#include "bindings/bind.h"

namespace weft {

namespace {

NodeRef part_of(const NodeRef& x, const Dims& size) { return x->shape == size ? x : ops::slice(x, Dims(size.size(), 0), size, Dims(size.size(), 1)); }

struct Indices {
  NodeRef node;
  bool checked;
};

// Indices that the host knows are checked here.
Indices indices_of(nb::handle h, const NodeRef& x, int axis) {
  if (Tensor* t = tensor_of(h)) return {t->node(), false};
  nb::object array = numpy_array(h);
  if (!nb::cast<int64_t>(array.attr("size"))) return {from_numpy(array.attr("astype")("int64"), x->device), true};
  if (nb::cast<std::string>(array.attr("dtype").attr("kind")).find_first_of("iu") != 0)
    raise(Error::index, "indices must be integers, not ", nb::str(array.attr("dtype")).c_str());
  int64_t n = x->shape[axis], low = nb::cast<int64_t>(nb::int_(array.attr("min")())), high = nb::cast<int64_t>(nb::int_(array.attr("max")()));
  if (low < -n || high >= n) raise(Error::index, "index ", low < -n ? low : high, " is out of bounds for axis ", axis, " with size ", n);
  return {from_numpy(array, x->device), true};
}

NodeRef take(NodeRef x, nb::handle indices, nb::handle axis) {
  if (axis.is_none()) x = ops::reshape(x, Dims{x->numel()});
  int a = axis.is_none() ? 0 : normalize_axis("take", as_int(axis), x->rank());
  Indices i = indices_of(indices, x, a);
  return ops::gather(x, {i.node}, a, i.checked);
}

NodeRef take_along_axis(NodeRef x, nb::handle indices, nb::handle axis) {
  if (axis.is_none()) x = ops::reshape(x, Dims{x->numel()});
  int a = axis.is_none() ? 0 : normalize_axis("take_along_axis", as_int(axis), x->rank());
  Indices i = indices_of(indices, x, a);
  return ops::take_along(x, i.node, a, i.checked);
}

// PyTorch: the index may be smaller than the tensor along the other dimensions.
NodeRef gather(const NodeRef& x, int64_t axis, nb::handle index) {
  int a = normalize_axis("gather", axis, x->rank());
  Indices i = indices_of(index, x, a);
  if (i.node->rank() != x->rank()) raise(Error::value, "gather: an index of shape ", i.node->shape, " for a tensor of shape ", x->shape);
  Dims size = x->shape;
  for (int d = 0; d < x->rank(); ++d) {
    if (d == a) continue;
    if (i.node->shape[d] > size[d]) raise(Error::value, "gather: an index of shape ", i.node->shape, " for a tensor of shape ", x->shape);
    size[d] = i.node->shape[d];
  }
  return ops::take_along(part_of(x, size), i.node, a, i.checked);
}

NodeRef scatter(const NodeRef& x, int64_t axis, nb::handle index, nb::handle source, ops::Scatter op) {
  int a = normalize_axis("scatter", axis, x->rank());
  Indices i = indices_of(index, x, a);
  if (i.node->rank() != x->rank()) raise(Error::value, "scatter: an index of shape ", i.node->shape, " for a tensor of shape ", x->shape);
  NodeRef values = operand(source, x);
  if (!values) values = as_node(source, x->device);
  const Dims& shape = i.node->shape;
  if (values->rank() == x->rank() && values->rank()) {
    for (int d = 0; d < x->rank(); ++d)
      if (values->shape[d] < shape[d]) raise(Error::value, "scatter: a source of shape ", values->shape, " for an index of shape ", shape);
    values = part_of(values, shape);
  } else {
    values = ops::broadcast_to(values, shape);
  }
  bool whole = true;
  for (int d = 0; d < x->rank(); ++d) whole &= d == a || shape[d] == x->shape[d];
  if (whole) return ops::scatter_along(x, i.node, values, a, op, i.checked);
  std::vector<NodeRef> places;  // the coordinates themselves
  for (int d = 0; d < x->rank(); ++d) {
    Dims line(shape.size(), 1);
    line[d] = shape[d];
    places.push_back(d == a ? i.node : ops::reshape(ops::iota(shape[d], x->device), line));
  }
  return ops::scatter(x, places, values, op, i.checked);
}

ops::Scatter scatter_op(const std::string& name) {
  if (name == "set") return ops::Scatter::set;
  if (name == "sum" || name == "add") return ops::Scatter::sum;
  if (name == "prod" || name == "multiply") return ops::Scatter::prod;
  if (name == "amax" || name == "max") return ops::Scatter::max;
  if (name == "amin" || name == "min") return ops::Scatter::min;
  raise(Error::value, "scatter: reduce is \"set\", \"sum\", \"prod\", \"amax\" or \"amin\", not \"", name, "\"");
}

// x with the slices at `index` along the axis combined with those of the source.
NodeRef index_add(const NodeRef& x, int64_t axis, nb::handle index, nb::handle source, ops::Scatter op) {
  int a = normalize_axis("index_add", axis, x->rank());
  Indices i = indices_of(index, x, a);
  NodeRef values = operand(source, x);
  if (!values) values = as_node(source, x->device);
  Dims shape = x->shape, first{a}, back(x->shape.size());
  shape[a] = i.node->numel();
  values = ops::broadcast_to(values, shape);
  for (int d = 0; d < x->rank(); ++d)
    if (d != a) first.push_back(d);
  for (size_t d = 0; d < first.size(); ++d) back[first[d]] = int64_t(d);
  NodeRef flat = ops::reshape(i.node, {i.node->numel()});
  return ops::permute(ops::scatter(ops::permute(x, first), {flat}, ops::permute(values, first), op, i.checked), back);
}

nb::tuple topk(const NodeRef& x, int64_t k, int64_t axis, bool largest) {
  int a = normalize_axis("topk", axis, x->rank());
  if (k < 0 || k > x->shape[a]) raise(Error::value, "topk: k = ", k, " of ", x->shape[a], " elements");
  Dims size = x->shape;
  size[a] = k;
  NodeRef places = part_of(ops::argsort(x, a, largest), size);
  return nb::make_tuple(wrap(ops::take_along(x, places, a, true)), wrap(places));
}

// Rows of a sorted matrix are searched as one: position by counting, which needs no other primitive.
NodeRef searchsorted(nb::handle sorted, nb::handle values, const std::string& side, nb::handle sorter) {
  if (side != "left" && side != "right") raise(Error::value, "searchsorted: side is \"left\" or \"right\", not \"", side, "\"");
  NodeRef x = as_node(sorted), v = operand(values, x);
  if (!v) v = as_node(values, x->device);
  if (x->rank() != 1) raise(Error::value, "searchsorted: the sorted tensor has one dimension, not shape ", x->shape);
  if (!sorter.is_none()) x = ops::gather(x, {as_node(sorter, x->device)}, 0);
  DType common = promote(x->dtype, v->dtype);
  return ops::searchsorted(ops::cast(x, common), ops::cast(v, common), side == "right");
}

}  // namespace

void bind_select(nb::module_& m, TensorClass& t) {
  using h = nb::handle;
  auto both = [&](const char* name, const char* text, const char* result, const char* doc, auto f, const auto&... args) {
    std::string n = name;
    m.def(name, f, nb::arg("x"), args..., doc, nb::sig(("def " + n + "(x: " WEFT_LIKE ", /, " + text + ") -> " + result).c_str()));
    t.def(name, f, args..., doc, nb::sig(("def " + n + "(self, " + text + ") -> " + result).c_str()));
  };
  both(
      "take", "indices: weft._typing.ArrayLike, axis: int | None = None", "Tensor",
      "The elements (or slices along the axis) at these places. Raises IndexError where one is out of bounds.",
      [](h x, h i, h axis) { return wrap(take(as_node(x), i, axis)); }, nb::arg("indices"), nb::arg("axis") = nb::none());
  both(
      "index_select", "dim: int, index: weft._typing.ArrayLike", "Tensor", "PyTorch's name of take().",
      [](h x, h axis, h i) { return wrap(take(as_node(x), i, axis)); }, nb::arg("dim"), nb::arg("index"));
  for (const char* name : {"take_along_axis", "take_along_dim"})
    both(
        name, "indices: weft._typing.ArrayLike, axis: int | None = -1", "Tensor",
        "Along the axis, the elements at these places; the other dimensions broadcast.",
        [](h x, h i, h axis) { return wrap(take_along_axis(as_node(x), i, axis)); }, nb::arg("indices"), nb::arg("axis").none() = -1);
  both(
      "gather", "dim: int, index: weft._typing.ArrayLike", "Tensor", "PyTorch's gather: out[i, j] = x[index[i, j], j] for dim 0.",
      [](h x, int64_t axis, h i) { return wrap(gather(as_node(x), axis, i)); }, nb::arg("dim"), nb::arg("index"));
  both(
      "scatter", "dim: int, index: weft._typing.ArrayLike, src: " WEFT_LIKE ", *, reduce: str = 'set'", "Tensor",
      "PyTorch's scatter: out[index[i, j], j] = src[i, j] for dim 0; reduce combines with what is there.",
      [](h x, int64_t axis, h i, h src, const std::string& reduce) { return wrap(scatter(as_node(x), axis, i, src, scatter_op(reduce))); }, nb::arg("dim"),
      nb::arg("index"), nb::arg("src"), nb::kw_only(), nb::arg("reduce") = "set");
  both(
      "scatter_add", "dim: int, index: weft._typing.ArrayLike, src: " WEFT_LIKE, "Tensor", "scatter() that adds; equal places add in order.",
      [](h x, int64_t axis, h i, h src) { return wrap(scatter(as_node(x), axis, i, src, ops::Scatter::sum)); }, nb::arg("dim"), nb::arg("index"),
      nb::arg("src"));
  both(
      "index_add", "dim: int, index: weft._typing.ArrayLike, source: " WEFT_LIKE, "Tensor",
      "The slices of the source added to those at `index` along the dimension.",
      [](h x, int64_t axis, h i, h src) { return wrap(index_add(as_node(x), axis, i, src, ops::Scatter::sum)); }, nb::arg("dim"), nb::arg("index"),
      nb::arg("source"));
  both(
      "index_copy", "dim: int, index: weft._typing.ArrayLike, source: " WEFT_LIKE, "Tensor",
      "The slices of the source in place of those at `index` along the dimension.",
      [](h x, int64_t axis, h i, h src) { return wrap(index_add(as_node(x), axis, i, src, ops::Scatter::set)); }, nb::arg("dim"), nb::arg("index"),
      nb::arg("source"));

  const char* order = "axis: int = -1, *, descending: bool = False, stable: bool = True, dim: int | None = None";
  both(
      "sort", order, "Tensor", "In ascending order along the axis; equal elements keep theirs, NaN comes last.",
      [](h x, h axis, bool descending, bool, h dim) {
        NodeRef node = as_node(x);
        return wrap(ops::sort(node, normalize_axis("sort", as_int(either(axis, dim)), node->rank()), descending));
      },
      nb::arg("axis") = -1, nb::kw_only(), nb::arg("descending") = false, nb::arg("stable") = true, nb::arg("dim") = nb::none());
  both(
      "argsort", order, "Tensor", "The places that put the axis in ascending order; int64.",
      [](h x, h axis, bool descending, bool, h dim) {
        NodeRef node = as_node(x);
        return wrap(ops::argsort(node, normalize_axis("argsort", as_int(either(axis, dim)), node->rank()), descending));
      },
      nb::arg("axis") = -1, nb::kw_only(), nb::arg("descending") = false, nb::arg("stable") = true, nb::arg("dim") = nb::none());
  both(
      "topk", "k: int, axis: int = -1, *, largest: bool = True, sorted: bool = True, dim: int | None = None", "tuple[Tensor, Tensor]",
      "The k largest (or smallest) elements along the axis, in order, and their places.",
      [](h x, int64_t k, h axis, bool largest, bool, h dim) { return topk(as_node(x), k, as_int(either(axis, dim)), largest); }, nb::arg("k"),
      nb::arg("axis") = -1, nb::kw_only(), nb::arg("largest") = true, nb::arg("sorted") = true, nb::arg("dim") = nb::none());
  m.def(
      "searchsorted", [](h x, h v, const std::string& side, h sorter) { return wrap(searchsorted(x, v, side, sorter)); }, nb::arg("x1"), nb::arg("x2"),
      nb::arg("side") = "left", nb::arg("sorter") = nb::none(), "Where each value of x2 would go in the sorted x1; int64.",
      nb::sig("def searchsorted(x1: " WEFT_LIKE ", x2: " WEFT_LIKE ", /, side: str = 'left', sorter: " WEFT_LIKE " | None = None) -> Tensor"));
}

}  // namespace weft
