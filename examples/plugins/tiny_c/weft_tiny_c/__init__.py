"""The entry point: where the library is. weft loads it and asks it for weft_backend_v1()."""

from pathlib import Path

from weft.backend import native_backend

# A normal install has the library beside this file; an editable one in another folder of __path__.
backend = native_backend(str(next(library for folder in __path__ for library in Path(folder).glob("libtiny.*"))))
