// Trees of Python containers (nested tuples, lists and dicts) taken apart and put together; see python/weft/_tree.py.
#include "bindings/bind.h"

namespace weft {

namespace {

using h = nb::handle;

bool all_text(h keys) {
  for (h key : nb::borrow<nb::list>(keys))
    if (!PyUnicode_Check(key.ptr())) return false;
  return true;
}

// Keys of one type in their order; of several, by the name of the type first.
nb::object sorted_keys(const nb::dict& tree) {
  nb::list keys = tree.keys();
  if (!all_text(keys)) {
    static h by_type = nb::object(nb::module_::import_("weft._tree").attr("key_order")).release();
    return nb::tuple(nb::borrow<nb::list>(nb::module_::import_("builtins").attr("sorted")(keys, nb::arg("key") = by_type)));
  }
  keys.sort();
  return nb::tuple(keys);
}

nb::object walk(h tree, nb::list& leaves) {
  PyObject* p = tree.ptr();
  bool list = PyList_Check(p);
  if (list || PyTuple_Check(p)) {
    nb::list parts;
    for (h part : tree) parts.append(walk(part, leaves));
    return nb::make_tuple(tree.type(), nb::none(), nb::tuple(parts));
  }
  if (PyDict_Check(p)) {
    nb::dict dict = nb::borrow<nb::dict>(tree);
    nb::object keys = sorted_keys(dict);
    nb::list parts;
    for (h key : keys) parts.append(walk(dict[key], leaves));
    return nb::make_tuple("dict", keys, nb::tuple(parts));
  }
  leaves.append(tree);
  return nb::none();
}

// What a trace is made for, as one hashable value: of tensors dtype, device and shape, of anything else its type and value.
nb::tuple kinds(const nb::list& leaves) {
  std::vector<int64_t> words;
  nb::list others;
  for (h leaf : leaves) {
    if (Tensor* t = tensor_of(leaf)) {
      const Node& n = *t->node();
      words.push_back(reinterpret_cast<int64_t>(n.device));
      words.push_back(int64_t(n.dtype) << 32 | int64_t(n.rank()));
      words.insert(words.end(), n.shape.begin(), n.shape.end());
    } else {
      words.push_back(0);
      others.append(leaf.type());
      others.append(leaf);
    }
  }
  others.append(nb::bytes(reinterpret_cast<const char*>(words.data()), words.size() * sizeof words[0]));
  return nb::tuple(others);
}

}  // namespace

void bind_trees(nb::module_& m) {
  m.def(
      "_flatten",
      [](h tree) {
        nb::list leaves;
        nb::object shape = walk(tree, leaves);
        return nb::make_tuple(leaves, shape);
      },
      nb::arg("tree").none(), "The leaves in order, and the shape of the tree.",
      nb::sig("def _flatten(tree: typing.Any) -> tuple[list[typing.Any], typing.Any]"));
  m.def("_kinds", &kinds, nb::arg("leaves"), "What a trace is made for: dtypes, devices and shapes of tensors, anything else by value.",
        nb::sig("def _kinds(leaves: list[typing.Any]) -> tuple[typing.Any, ...]"));
  m.def("_tracing", [] { return tracing(); }, "Whether a function is being traced on this thread.");
}

}  // namespace weft
