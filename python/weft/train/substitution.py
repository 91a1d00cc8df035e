"""Other attributes for the modules of a model, for a while."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from weft.nn import Module

__all__ = ["substituted"]

_ABSENT = object()


@contextmanager
def substituted(changes: Iterable[tuple[Module, Mapping[str, Any]]]) -> Iterator[None]:
    """While it is entered, each module has these attributes; a ``forward`` among them is what calling it calls."""
    before = []
    try:
        for module, attributes in changes:
            own = vars(module)
            before.append((own, {name: own.get(name, _ABSENT) for name in attributes}))
            own.update(attributes)
        yield
    finally:
        for own, values in reversed(before):
            for name, value in values.items():
                if value is _ABSENT:
                    del own[name]
                else:
                    own[name] = value
