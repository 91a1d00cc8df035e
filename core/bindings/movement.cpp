// Functions that move elements: shapes, joining, splitting, repeating.
//
// A method means what ndarray's method of that name means; a name that ndarray lacks means PyTorch's.
#include <numeric>

#include "bindings/bind.h"

namespace weft {

namespace {

NodeRef part(const NodeRef& x, int axis, int64_t start, int64_t size) {
  Dims from(x->shape.size(), 0), step(x->shape.size(), 1), sizes = x->shape;
  from[axis] = start;
  sizes[axis] = size;
  return ops::slice(x, from, sizes, step);
}

NodeRef swap(const NodeRef& x, int64_t a, int64_t b) {
  Dims order(x->shape.size());
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[normalize_axis("swapaxes", a, x->rank())], order[normalize_axis("swapaxes", b, x->rank())]);
  return ops::permute(x, order);
}

NodeRef reversed(const NodeRef& x) {
  Dims order(x->shape.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = int64_t(order.size() - 1 - i);
  return ops::permute(x, order);
}

Dims ordered(const char* op, const Dims& axes, int rank) {  // normalised, in the given order
  Dims out;
  for (int64_t a : axes) out.push_back(normalize_axis(op, a, rank));
  return out;
}

NodeRef permute(const char* op, const NodeRef& x, const Dims& axes) { return ops::permute(x, ordered(op, axes, x->rank())); }

NodeRef moveaxis(const NodeRef& x, nb::handle source, nb::handle destination) {
  Dims from = ordered("moveaxis", as_dims(source), x->rank()), to = ordered("moveaxis", as_dims(destination), x->rank());
  if (from.size() != to.size()) raise(Error::value, "moveaxis: ", from.size(), " source axes, but ", to.size(), " destinations");
  Dims order(x->shape.size(), -1);
  std::vector<bool> used(x->shape.size());
  for (size_t i = 0; i < from.size(); ++i) {
    if (used[from[i]] || order[to[i]] >= 0) raise(Error::value, "moveaxis: an axis appears twice");
    order[to[i]] = from[i];
    used[from[i]] = true;
  }
  size_t next = 0;
  for (int64_t& o : order) {
    if (o >= 0) continue;
    while (used[next]) ++next;
    o = int64_t(next++);
  }
  return ops::permute(x, order);
}

NodeRef squeeze(const NodeRef& x, nb::handle axis, bool strict) {
  Dims axes;
  if (axis.is_none()) {
    for (int i = 0; i < x->rank(); ++i)
      if (x->shape[i] == 1) axes.push_back(i);
  } else {
    for (int64_t a : normalize_axes("squeeze", as_dims(axis), x->rank()))
      if (strict || x->shape[a] == 1) axes.push_back(a);
  }
  return axes.empty() ? x : ops::squeeze(x, axes);
}

NodeRef unsqueeze(const NodeRef& x, nb::handle axis) {
  Dims axes = as_dims(axis);
  int rank = x->rank() + int(axes.size());
  NodeRef result = x;
  for (int64_t a : normalize_axes("expand_dims", axes, rank)) result = ops::expand_dims(result, a);
  return result;
}

NodeRef expand(const NodeRef& x, Dims shape) {  // -1 keeps a size
  int extra = int(shape.size()) - x->rank();
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == -1) {
      if (int(i) < extra) raise(Error::value, "expand: -1 for a new leading dimension; shape ", x->shape);
      shape[i] = x->shape[i - extra];
    }
  return ops::broadcast_to(x, shape);
}

NodeRef flatten(const NodeRef& x, int64_t start, int64_t end) {
  if (!x->rank()) return ops::reshape(x, Dims{1});
  int first = normalize_axis("flatten", start, x->rank()), last = normalize_axis("flatten", end, x->rank());
  Dims shape;
  int64_t n = 1;
  for (int i = 0; i < x->rank(); ++i) {
    if (i < first || i > last) {
      shape.push_back(x->shape[i]);
    } else {
      n *= x->shape[i];
      if (i == last) shape.push_back(n);
    }
  }
  return ops::reshape(x, shape);
}

NodeRef tile(NodeRef x, Dims reps) {
  while (reps.size() < x->shape.size()) reps.insert(0, 1);
  while (reps.size() > x->shape.size()) x = ops::expand_dims(x, 0);
  Dims split, wide, joined;
  for (size_t i = 0; i < reps.size(); ++i) {
    if (reps[i] < 0) raise(Error::value, "tile: a negative number of repetitions");
    split.push_back(1), split.push_back(x->shape[i]);
    wide.push_back(reps[i]), wide.push_back(x->shape[i]);
    joined.push_back(reps[i] * x->shape[i]);
  }
  return ops::reshape(ops::broadcast_to(ops::reshape(x, split), wide), joined);
}

NodeRef repeat(NodeRef x, nb::handle repeats, nb::handle axis) {
  if (axis.is_none()) x = ops::reshape(x, Dims{x->numel()});
  int a = axis.is_none() ? 0 : normalize_axis("repeat", as_int(axis), x->rank());
  if (PyIndex_Check(repeats.ptr()) && !tensor_of(repeats)) {
    int64_t n = as_int(repeats);
    if (n < 0) raise(Error::value, "repeat: a negative number of repetitions");
    Dims wide = x->shape, joined = x->shape;
    wide.insert(a + 1, n);
    joined[a] *= n;
    return ops::reshape(ops::broadcast_to(ops::expand_dims(x, a + 1), wide), joined);
  }
  nb::module_ np = nb::module_::import_("numpy");  // each element its own number: the places are known to the host
  nb::object places = np.attr("repeat")(np.attr("arange")(x->shape[a]), np.attr("asarray")(repeats));
  return ops::gather(x, {from_numpy(places, x->device)}, a, true);
}

NodeRef roll(const NodeRef& given, nb::handle shift, nb::handle axis) {
  NodeRef x = axis.is_none() ? ops::reshape(given, Dims{given->numel()}) : given;
  Dims shifts = as_dims(shift), axes = axis.is_none() ? Dims{0} : ordered("roll", as_dims(axis), x->rank());
  if (shifts.size() == 1) shifts.resize(axes.size(), shifts[0]);
  if (axes.size() == 1) axes.resize(shifts.size(), axes[0]);
  if (shifts.size() != axes.size()) raise(Error::value, "roll: ", shifts.size(), " shifts for ", axes.size(), " axes");
  for (size_t i = 0; i < axes.size(); ++i) {
    int a = int(axes[i]);
    int64_t n = x->shape[a], by = n ? ((shifts[i] % n) + n) % n : 0;
    if (by) x = ops::concat({part(x, a, n - by, by), part(x, a, 0, n - by)}, a);
  }
  return axis.is_none() ? ops::reshape(x, given->shape) : x;
}

nb::list sections(const NodeRef& x, int axis, const Dims& ends) {
  nb::list out;
  int64_t at = 0, n = x->shape[axis];
  for (int64_t end : ends) {
    if (end < 0) end += n;
    end = std::min(std::max<int64_t>(end, 0), n);
    out.append(wrap(part(x, axis, std::min(at, n), std::max<int64_t>(0, end - at))));
    at = end;
  }
  return out;
}

// NumPy: a number of equal sections, or the places where to cut.
nb::list split(const NodeRef& x, nb::handle where, nb::handle axis, bool uneven) {
  int a = normalize_axis("split", as_int(axis), x->rank());
  int64_t n = x->shape[a];
  Dims ends;
  if (PyIndex_Check(where.ptr())) {
    int64_t k = as_int(where);
    if (k <= 0) raise(Error::value, "split: the number of sections must be positive");
    if (n % k && !uneven) raise(Error::value, "split: ", n, " elements along axis ", a, " do not make ", k, " equal sections; see array_split");
    for (int64_t i = 0, at = 0; i < k; ++i) ends.push_back(at += n / k + (i < n % k));
  } else {
    ends = as_dims(where);
    ends.push_back(n);
  }
  return sections(x, a, ends);
}

// PyTorch: the size of each section.
nb::list split_sizes(const NodeRef& x, nb::handle sizes, int64_t axis) {
  int a = normalize_axis("split", axis, x->rank());
  int64_t n = x->shape[a];
  Dims ends;
  if (PyIndex_Check(sizes.ptr())) {
    int64_t size = as_int(sizes);
    if (size <= 0) raise(Error::value, "split: the size of a section must be positive");
    for (int64_t at = 0; at < n || ends.empty();) ends.push_back(at = std::min(n, at + size));
  } else {
    int64_t at = 0;
    for (int64_t size : as_dims(sizes)) ends.push_back(at += size);
    if (at != n) raise(Error::value, "split: sections of ", at, " elements in all, but axis ", a, " has ", n);
  }
  return sections(x, a, ends);
}

nb::list chunk(const NodeRef& x, int64_t chunks, int64_t axis) {
  int a = normalize_axis("chunk", axis, x->rank());
  if (chunks <= 0) raise(Error::value, "chunk: the number of chunks must be positive");
  int64_t size = std::max<int64_t>(1, (x->shape[a] + chunks - 1) / chunks);
  return split_sizes(x, nb::int_(size), a);
}

nb::tuple unstack(const NodeRef& x, int64_t axis) {
  int a = normalize_axis("unstack", axis, x->rank());
  nb::list out;
  for (int64_t i = 0; i < x->shape[a]; ++i) out.append(wrap(ops::squeeze(part(x, a, i, 1), Dims{a})));
  return nb::tuple(out);
}

NodeRef concat(nb::handle tensors, nb::handle axis) {
  std::vector<NodeRef> nodes = as_nodes(tensors);
  if (nodes.empty()) raise(Error::value, "concat: no tensors");
  if (axis.is_none())
    for (NodeRef& n : nodes) n = ops::reshape(n, Dims{n->numel()});
  return ops::concat(nodes, axis.is_none() ? 0 : as_int(axis));
}

NodeRef pad(const NodeRef& x, nb::handle lo, nb::handle hi, nb::handle interior, nb::handle fill) {
  Dims l = as_dims(lo), h = as_dims(hi), i = interior.is_none() ? Dims(x->shape.size(), 0) : as_dims(interior);
  return ops::pad(x, l, h, i, as_scalar(fill, x->dtype));
}

}  // namespace

void bind_movement(nb::module_& m, TensorClass& t) {
  auto both = [&](const char* name, const char* text, const char* doc, auto f, const auto&... args) {
    std::string n = name;
    m.def(name, f, nb::arg("x"), args..., doc, nb::sig(("def " + n + "(x: " WEFT_LIKE ", /, " + text + ") -> Tensor").c_str()));
    t.def(name, f, args..., doc, nb::sig(("def " + n + "(self, " + text + ") -> Tensor").c_str()));
  };
  auto sig = [](const char* text) { return nb::sig(text); };
  using h = nb::handle;

  // ---- shapes
  m.def(
      "reshape", [](h x, h shape, h) { return wrap(ops::reshape(as_node(x), as_dims(shape))); }, nb::arg("x"), nb::arg("shape"), nb::kw_only(),
      nb::arg("copy") = nb::none(), "The same elements in row-major order with another shape; one size may be -1.",
      sig("def reshape(x: " WEFT_LIKE ", /, shape: weft._typing.Shape, *, copy: bool | None = None) -> Tensor"));
  t.def(
      "reshape", [](const Tensor& x, const nb::args& shape) { return wrap(ops::reshape(x.node(), args_dims(shape))); },
      "The same elements with another shape; one size may be -1.", sig("def reshape(self, *shape: weft._typing.Shape) -> Tensor"));
  t.def(
      "view",
      [](const Tensor& x, const nb::args& shape) {
        if (shape.size() == 1 && nb::isinstance<PyDType>(shape[0])) return wrap(ops::bitcast(x.node(), as_dtype(shape[0])));
        return wrap(ops::reshape(x.node(), args_dims(shape)));
      },
      "reshape(), or with a dtype of the same width the same bits.", sig("def view(self, *shape: weft._typing.Shape | dtype) -> Tensor"));
  t.def(
      "reshape_as", [](const Tensor& x, const Tensor& y) { return wrap(ops::reshape(x.node(), y.node()->shape)); }, "The shape of another tensor.",
      sig("def reshape_as(self, other: Tensor, /) -> Tensor"));
  for (const char* name : {"flatten", "ravel"}) {
    auto f = [](h x, h start, h end) { return wrap(flatten(as_node(x), as_int(start), as_int(end))); };
    both(name, "start_dim: int = 0, end_dim: int = -1", "One dimension in place of those from start_dim to end_dim (all by default).", f,
         nb::arg("start_dim") = 0, nb::arg("end_dim") = -1);
  }
  t.def(
      "unflatten",
      [](const Tensor& x, int64_t axis, h sizes) {
        Dims shape = x.node()->shape, inner = as_dims(sizes);
        int a = normalize_axis("unflatten", axis, x.node()->rank());
        int64_t rest = x.node()->shape[a];
        for (int64_t d : inner) rest /= d > 0 ? d : 1;
        shape.erase(a);
        for (size_t i = 0; i < inner.size(); ++i) shape.insert(a + i, inner[i] == -1 ? rest : inner[i]);
        return wrap(ops::reshape(x.node(), shape));
      },
      nb::arg("dim"), nb::arg("sizes"), "Several dimensions in place of one.", sig("def unflatten(self, dim: int, sizes: weft._typing.Shape) -> Tensor"));

  // ---- order of dimensions
  t.def_prop_ro(
      "T", [](const Tensor& x) { return wrap(reversed(x.node())); }, "With the dimensions in reverse order.", nb::for_getter(nb::sig("def T(self) -> Tensor")));
  t.def_prop_ro(
      "mT",
      [](const Tensor& x) {
        if (x.node()->rank() < 2) raise(Error::value, "mT: at least 2 dimensions are needed, not ", x.node()->rank());
        return wrap(swap(x.node(), -1, -2));
      },
      "With the last two dimensions exchanged.", nb::for_getter(nb::sig("def mT(self) -> Tensor")));
  m.def(
      "matrix_transpose", [](h x) { return wrap(swap(as_node(x), -1, -2)); }, nb::arg("x"), "With the last two dimensions exchanged.",
      sig("def matrix_transpose(x: " WEFT_LIKE ", /) -> Tensor"));
  m.def(
      "transpose", [](h x, h axes) { return wrap(axes.is_none() ? reversed(as_node(x)) : permute("transpose", as_node(x), as_dims(axes))); }, nb::arg("x"),
      nb::arg("axes") = nb::none(), "With the dimensions in this order; reversed by default.",
      sig("def transpose(x: " WEFT_LIKE ", /, axes: weft._typing.Shape | None = None) -> Tensor"));
  t.def(
      "transpose",
      [](const Tensor& x, const nb::args& axes) {
        if (axes.size() == 0 || (axes.size() == 1 && axes[0].is_none())) return wrap(reversed(x.node()));
        // Two numbers are PyTorch's: as an order of NumPy's they would do nothing, or what an exchange does.
        if (axes.size() == 2) return wrap(swap(x.node(), as_int(axes[0]), as_int(axes[1])));
        return wrap(permute("transpose", x.node(), args_dims(axes)));
      },
      "With the dimensions in this order (reversed by default); t.transpose(a, b) exchanges two.",
      sig("def transpose(self, *axes: weft._typing.Shape | None) -> Tensor"));
  for (const char* name : {"permute_dims", "permute"})
    m.def(
        name, [](h x, h axes) { return wrap(permute("permute_dims", as_node(x), as_dims(axes))); }, nb::arg("x"), nb::arg("axes"),
        "With the dimensions in this order.", sig((std::string("def ") + name + "(x: " WEFT_LIKE ", /, axes: weft._typing.Shape) -> Tensor").c_str()));
  t.def(
      "permute", [](const Tensor& x, const nb::args& axes) { return wrap(permute("permute", x.node(), args_dims(axes))); },
      "With the dimensions in this order.", sig("def permute(self, *axes: weft._typing.Shape) -> Tensor"));
  both(
      "swapaxes", "axis1: int, axis2: int", "With two dimensions exchanged.", [](h x, int64_t a, int64_t b) { return wrap(swap(as_node(x), a, b)); },
      nb::arg("axis1"), nb::arg("axis2"));
  both(
      "moveaxis", "source: weft._typing.Shape, destination: weft._typing.Shape", "With some dimensions moved; the others keep their order.",
      [](h x, h a, h b) { return wrap(moveaxis(as_node(x), a, b)); }, nb::arg("source"), nb::arg("destination"));

  // ---- dimensions of size 1
  m.def(
      "squeeze", [](h x, h axis, h dim) { return wrap(squeeze(as_node(x), either(axis, dim), true)); }, nb::arg("x"), nb::arg("axis") = nb::none(),
      nb::kw_only(), nb::arg("dim") = nb::none(), "Without these dimensions of size 1; all of them by default. Raises ValueError where a size is not 1.",
      sig("def squeeze(x: " WEFT_LIKE ", /, axis: weft._typing.Axis = None, *, dim: weft._typing.Axis = None) -> Tensor"));
  t.def(
      "squeeze", [](h x, h axis, h dim) { return wrap(squeeze(as_node(x), either(axis, dim), dim.is_none())); }, nb::arg("axis") = nb::none(), nb::kw_only(),
      nb::arg("dim") = nb::none(), "Without these dimensions of size 1; all of them by default.",
      sig("def squeeze(self, axis: weft._typing.Axis = None, *, dim: weft._typing.Axis = None) -> Tensor"));
  for (const char* name : {"expand_dims", "unsqueeze"})
    both(
        name, "axis: weft._typing.Shape = 0, *, dim: weft._typing.Axis = None", "With a new dimension of size 1 at `axis`.",
        [](h x, h axis, h dim) { return wrap(unsqueeze(as_node(x), either(axis, dim))); }, nb::arg("axis") = 0, nb::kw_only(), nb::arg("dim") = nb::none());
  both(
      "broadcast_to", "shape: weft._typing.Shape", "Repeated to this shape by NumPy's rules, without copying.",
      [](h x, h shape) { return wrap(ops::broadcast_to(as_node(x), as_dims(shape))); }, nb::arg("shape"));
  t.def(
      "expand", [](const Tensor& x, const nb::args& shape) { return wrap(expand(x.node(), args_dims(shape))); }, "broadcast_to(); -1 keeps a size.",
      sig("def expand(self, *shape: weft._typing.Shape) -> Tensor"));
  t.def(
      "expand_as", [](const Tensor& x, const Tensor& y) { return wrap(ops::broadcast_to(x.node(), y.node()->shape)); },
      "broadcast_to() the shape of another tensor.", sig("def expand_as(self, other: Tensor, /) -> Tensor"));

  // ---- repeating and turning
  m.def(
      "tile", [](h x, h reps) { return wrap(tile(as_node(x), as_dims(reps))); }, nb::arg("x"), nb::arg("repetitions"),
      "Copies side by side, so many along each dimension.", sig("def tile(x: " WEFT_LIKE ", repetitions: weft._typing.Shape, /) -> Tensor"));
  t.def(
      "tile", [](const Tensor& x, const nb::args& reps) { return wrap(tile(x.node(), args_dims(reps))); }, "Copies side by side, so many along each dimension.",
      sig("def tile(self, *repetitions: weft._typing.Shape) -> Tensor"));
  for (const char* name : {"repeat", "repeat_interleave"})
    both(
        name, "repeats: int | weft._typing.ArrayLike, axis: int | None = None, *, dim: int | None = None",
        "Each element so many times, along the axis or of the flattened tensor (NumPy; PyTorch's repeat is tile).",
        [](h x, h repeats, h axis, h dim) { return wrap(repeat(as_node(x), repeats, either(axis, dim))); }, nb::arg("repeats"), nb::arg("axis") = nb::none(),
        nb::kw_only(), nb::arg("dim") = nb::none());
  both(
      "flip", "axis: weft._typing.Axis = None, *, dim: weft._typing.Axis = None", "In reverse order along the axes (all by default).",
      [](h x, h axis, h dim) {
        NodeRef node = as_node(x);
        return wrap(ops::flip(node, axes_of("flip", node, either(axis, dim))));
      },
      nb::arg("axis") = nb::none(), nb::kw_only(), nb::arg("dim") = nb::none());
  both(
      "roll", "shift: weft._typing.Shape, axis: weft._typing.Axis = None, *, dim: weft._typing.Axis = None",
      "Shifted along the axes; what falls off comes in on the other side.",
      [](h x, h shift, h axis, h dim) { return wrap(roll(as_node(x), shift, either(axis, dim))); }, nb::arg("shift"), nb::arg("axis") = nb::none(),
      nb::kw_only(), nb::arg("dim") = nb::none());

  // ---- joining and splitting
  for (const char* name : {"concat", "concatenate", "cat"})
    m.def(
        name, [](h tensors, h axis, h dim) { return wrap(concat(tensors, either(axis, dim))); }, nb::arg("tensors"), nb::arg("axis").none() = 0, nb::kw_only(),
        nb::arg("dim") = nb::none(), "Joined along an axis that exists; None flattens first.",
        sig((std::string("def ") + name + "(tensors: typing.Sequence[" WEFT_LIKE "] | Tensor, /, axis: int | None = 0, *, dim: int | None = None) -> Tensor")
                .c_str()));
  m.def(
      "stack", [](h tensors, h axis, h dim) { return wrap(ops::stack(as_nodes(tensors), as_int(either(axis, dim)))); }, nb::arg("tensors"), nb::arg("axis") = 0,
      nb::kw_only(), nb::arg("dim") = nb::none(), "Joined along a new axis.",
      sig("def stack(tensors: typing.Sequence[" WEFT_LIKE "] | Tensor, /, axis: int = 0, *, dim: int | None = None) -> Tensor"));
  m.def(
      "split", [](h x, h where, h axis, h dim) { return split(as_node(x), where, either(axis, dim), false); }, nb::arg("x"), nb::arg("indices_or_sections"),
      nb::arg("axis") = 0, nb::kw_only(), nb::arg("dim") = nb::none(),
      "NumPy's split: so many equal sections, or cut at these places. (The method Tensor.split takes sizes, as PyTorch's.)",
      sig("def split(x: " WEFT_LIKE ", /, indices_or_sections: int | typing.Sequence[int], axis: int = 0, *, dim: int | None = None) -> list[Tensor]"));
  m.def(
      "array_split", [](h x, h where, h axis) { return split(as_node(x), where, axis, true); }, nb::arg("x"), nb::arg("indices_or_sections"),
      nb::arg("axis") = 0, "split() into sections that may differ by one element.",
      sig("def array_split(x: " WEFT_LIKE ", /, indices_or_sections: int | typing.Sequence[int], axis: int = 0) -> list[Tensor]"));
  t.def(
      "split", [](const Tensor& x, h sizes, h axis, h dim) { return split_sizes(x.node(), sizes, as_int(either(axis, dim))); }, nb::arg("split_size"),
      nb::arg("axis") = 0, nb::kw_only(), nb::arg("dim") = nb::none(),
      "PyTorch's split: sections of this size, or of these sizes. (The function weft.split is NumPy's.)",
      sig("def split(self, split_size: int | typing.Sequence[int], axis: int = 0, *, dim: int | None = None) -> list[Tensor]"));
  t.def(
      "chunk", [](const Tensor& x, int64_t chunks, h axis, h dim) { return chunk(x.node(), chunks, as_int(either(axis, dim))); }, nb::arg("chunks"),
      nb::arg("axis") = 0, nb::kw_only(), nb::arg("dim") = nb::none(), "At most so many sections of equal size, the last perhaps smaller (PyTorch).",
      sig("def chunk(self, chunks: int, axis: int = 0, *, dim: int | None = None) -> list[Tensor]"));
  m.def(
      "chunk", [](h x, int64_t chunks, h axis, h dim) { return chunk(as_node(x), chunks, as_int(either(axis, dim))); }, nb::arg("x"), nb::arg("chunks"),
      nb::arg("axis") = 0, nb::kw_only(), nb::arg("dim") = nb::none(), "At most so many sections of equal size, the last perhaps smaller (PyTorch).",
      sig("def chunk(x: " WEFT_LIKE ", /, chunks: int, axis: int = 0, *, dim: int | None = None) -> list[Tensor]"));
  for (const char* name : {"unstack", "unbind"}) {
    auto f = [](h x, h axis, h dim) { return unstack(as_node(x), as_int(either(axis, dim))); };
    m.def(name, f, nb::arg("x"), nb::kw_only(), nb::arg("axis") = 0, nb::arg("dim") = nb::none(), "The slices along an axis, which goes.",
          sig((std::string("def ") + name + "(x: " WEFT_LIKE ", /, *, axis: int = 0, dim: int | None = None) -> tuple[Tensor, ...]").c_str()));
    t.def(name, f, nb::arg("axis") = 0, nb::arg("dim") = nb::none(), "The slices along an axis, which goes.",
          sig((std::string("def ") + name + "(self, axis: int = 0, dim: int | None = None) -> tuple[Tensor, ...]").c_str()));
  }

  // ---- what the Python modules build on
  m.def(
      "_pad", [](h x, h lo, h hi, h interior, h fill) { return wrap(pad(as_node(x), lo, hi, interior, fill)); }, nb::arg("x"), nb::arg("lo"), nb::arg("hi"),
      nb::arg("interior") = nb::none(), nb::arg("fill") = 0, "Padding per dimension; `interior` places go between neighbours.",
      sig("def _pad(x: " WEFT_LIKE
          ", lo: typing.Sequence[int], hi: typing.Sequence[int], interior: typing.Sequence[int] | None = None, fill: weft._typing.Number = 0) -> Tensor"));
  m.def(
      "window",
      [](h x, int64_t axis, int64_t out, int64_t kernel, int64_t stride, int64_t dilation, int64_t lo, h fill) {
        NodeRef node = as_node(x);
        return wrap(ops::window(node, axis, out, kernel, stride, dilation, lo, as_scalar(fill, node->dtype)));
      },
      nb::arg("x"), nb::arg("axis"), nb::arg("out"), nb::arg("kernel"), nb::arg("stride") = 1, nb::arg("dilation") = 1, nb::arg("lo") = 0, nb::arg("fill") = 0,
      "Windows along an axis: dimension `axis` becomes (out, kernel), element x[o * stride + k * dilation - lo], `fill` outside.",
      sig("def window(x: " WEFT_LIKE
          ", axis: int, out: int, kernel: int, stride: int = 1, dilation: int = 1, lo: int = 0, fill: weft._typing.Number = 0) -> Tensor"));
  m.def(
      "fold",
      [](h g, int64_t axis, int64_t n, int64_t stride, int64_t dilation, int64_t lo) { return wrap(ops::fold(as_node(g), axis, n, stride, dilation, lo)); },
      nb::arg("g"), nb::arg("axis"), nb::arg("n"), nb::arg("stride") = 1, nb::arg("dilation") = 1, nb::arg("lo") = 0, "The adjoint of window: overlaps add.",
      sig("def fold(g: " WEFT_LIKE ", axis: int, n: int, stride: int = 1, dilation: int = 1, lo: int = 0) -> Tensor"));
}

}  // namespace weft
