"""The protocol a backend written in Python follows; the same contract as ``core/include/weft/backend.h``.

The comments there define kernels, instructions and parameter words.

A plugin subclasses `Backend` and names the class in the entry-point group ``weft.backends``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "ABI_MAJOR",
    "Access",
    "Backend",
    "BackendError",
    "Capabilities",
    "DeviceInfo",
    "Instr",
    "Kernel",
    "Launch",
    "NativeBackend",
    "Plan",
    "Stage",
    "Unsupported",
    "native_backend",
]

ABI_MAJOR = 1


class BackendError(RuntimeError):
    """A backend cannot be used: what failed, and what to do next."""


class Unsupported(Exception):  # noqa: N818  an answer, not an error
    """Raised by `Backend.compile` for a kernel the backend has no code for: the core lowers it further."""


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do. See ``weft_capabilities`` in ``backend.h``."""

    dtypes: frozenset[
        str
    ]  # of "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 bfloat16 float32 float64"
    kinds: frozenset[str] = frozenset({"loop"})
    extra: frozenset[str] = frozenset()
    max_args: int = 16
    max_param_words: int = 512
    max_registers: int = 64
    max_instrs: int = 2048
    local_memory: int = 0
    max_alloc: int = 0
    alignment: int = 64
    shared_memory: bool = False


@dataclass(frozen=True)
class DeviceInfo:
    name: str
    kind: str  # "cpu", "gpu" or "accelerator"
    memory: int = 0  # bytes, 0: unknown


@dataclass(frozen=True)
class Instr:
    """Instruction ``i`` of a tape writes register ``i``."""

    op: str
    type: str  # "bool int32 int64 uint32 uint64 float32 float64"
    a: int = -1
    b: int = -1
    c: int = -1
    imm: int = 0
    bits: int = 0


@dataclass(frozen=True)
class Stage:
    first: int
    count: int
    inner: bool


@dataclass(frozen=True)
class Access:
    arg: int
    dtype: str
    store: bool
    dilated: bool
    params: int
    bounds: int
    index_regs: tuple[int, ...]
    stride_classes: tuple[int, ...]  # 0: stride 0, 1: stride 1, 2: any


@dataclass(frozen=True)
class Kernel:
    kind: str
    text: str  # canonical: equal texts mean equal kernels
    args: int
    outer_rank: int
    inner_rank: int
    index_bits: int
    param_words: int
    accesses: tuple[Access, ...]
    instrs: tuple[Instr, ...]
    stages: tuple[Stage, ...]
    attrs: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Launch:
    program: Any
    slots: tuple[int, ...]
    first_param: int


@dataclass(frozen=True)
class Plan:
    slots: int
    param_words: int
    launches: tuple[Launch, ...]


class Backend:
    """Base class of backends written in Python. Each method is called with the GIL held and may release it.

    Buffers, programs and executables are any Python objects of the backend's choice.
    """

    abi_major: int = ABI_MAJOR
    name: str
    capabilities: Capabilities

    def devices(self) -> list[DeviceInfo]:
        raise NotImplementedError

    def alloc(self, device: int, nbytes: int) -> Any:
        """A buffer of at least `nbytes` bytes. Raises MemoryError where there is no room."""
        raise NotImplementedError

    def free(self, device: int, buffer: Any) -> None:
        """Give `buffer` back; no later call names it."""

    def copy_in(self, device: int, dst: Any, offset: int, src: memoryview) -> None:
        """Copy the bytes of `src` to `dst` from byte `offset`; `src` may be reused on return."""
        raise NotImplementedError

    def copy_out(self, device: int, dst: memoryview, src: Any, offset: int) -> None:
        """Copy bytes of `src` from byte `offset` into all of `dst`, after what was run before has written them."""
        raise NotImplementedError

    def compile(self, device: int, kernel: Kernel) -> Any:
        """A program for `kernel`. Raises `Unsupported` where there is none."""
        raise NotImplementedError

    def load(self, device: int, plan: Plan) -> Any:
        raise NotImplementedError

    def unload(self, executable: Any) -> None:
        """Forget `executable`."""

    def run(self, executable: Any, buffers: Sequence[Any], params: memoryview, measure: bool) -> list[float] | None:
        """Run a plan.

        `params` is the plan's words (int64), valid during the call. With `measure`, wait, and give seconds per launch.
        """
        raise NotImplementedError

    def wait(self, device: int) -> None:
        """Return when all work is done."""

    def status(self, device: int) -> int:
        """Wait; the code of the first check that failed since the last call, or 0; then cleared."""
        raise NotImplementedError

    def kernel_builds(self) -> int:
        """How many kernels a driver built from source in this process."""
        return 0


class NativeBackend:
    """A backend in a shared library that exports ``weft_backend_v1``."""

    def __init__(self, path: str) -> None:
        self.path = str(path)

    def __repr__(self) -> str:
        return f"native_backend({self.path!r})"


def native_backend(path: str) -> NativeBackend:
    """Name a library as an entry point's target.

    Examples
    --------
    >>> native_backend("libmine.so")
    native_backend('libmine.so')
    """
    return NativeBackend(path)
