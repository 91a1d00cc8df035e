"""weft: a lazy tensor library and trainer whose arithmetic is done by plugins.

The top namespace is the Array API standard with NumPy's familiar names. A backend is chosen with ``WEFT_BACKEND``, with
``weft.device("opencl:0")``, or with ``set_default_device``; no line of code changes.

Examples
--------
>>> import weft
>>> x = weft.arange(6, dtype=weft.float32).reshape(2, 3)
>>> (x @ x.T).tolist()
[[5.0, 14.0], [14.0, 50.0]]
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, Any

from weft import _core as _core
