"""What ran: kernels, host fallbacks and waits."""

from __future__ import annotations

from dataclasses import dataclass, field

from weft import _core

__all__ = ["KernelEntry", "Profile", "allow_host", "kernel_builds", "profile"]


@dataclass(frozen=True)
class KernelEntry:
    """A kernel that ran: its name and device, bytes moved, arithmetic operations, and seconds."""

    name: str
    device: str
    bytes: int
    flops: int
    seconds: float


@dataclass
class Profile:
    """What ran in a `profile` block. Printing it gives a table."""

    kernels: list[KernelEntry] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    syncs: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The time of all kernels."""
        return sum(max(0.0, k.seconds) for k in self.kernels)

    def __str__(self) -> str:
        groups: dict[tuple[str, str], list[KernelEntry]] = {}
        for k in self.kernels:
            groups.setdefault((k.name, k.device), []).append(k)
        rows = [("kernel", "device", "calls", "ms", "GB/s", "GFLOP/s")]
        for (name, device), group in sorted(groups.items(), key=lambda item: -sum(k.seconds for k in item[1])):
            seconds = sum(max(0.0, k.seconds) for k in group)
            rate = [
                sum(values) / seconds / 1e9 if seconds else 0.0
                for values in ([k.bytes for k in group], [k.flops for k in group])
            ]
            rows.append((name, device, str(len(group)), f"{seconds * 1e3:.3f}", f"{rate[0]:.1f}", f"{rate[1]:.1f}"))
        widths = [max(len(row[i]) for row in rows) for i in range(6)]
        lines = [
            "  ".join(
                cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        lines.append(
            f"{len(self.kernels)} kernels, {self.seconds * 1e3:.3f} ms; "
            f"{len(self.fallbacks)} host fallbacks, {len(self.syncs)} waits"
        )
        for title, names in (("host fallback", self.fallbacks), ("wait", self.syncs)):
            lines += [f"  {title}: {name} ({names.count(name)})" for name in dict.fromkeys(names)]
        return "\n".join(lines)


class profile:  # noqa: N801
    """Collect what runs in a `with` block.

    Examples
    --------
    >>> import weft
    >>> with weft.profile() as p:
    ...     _ = (weft.ones(4) + 1).numpy()
    >>> len(p.kernels) >= 0
    True
    """

    def __init__(self) -> None:
        self._result = Profile()

    def __enter__(self) -> Profile:
        _core._profile_start()
        return self._result

    def __exit__(self, *exc: object) -> None:
        data = _core._profile_stop()
        self._result.kernels = [KernelEntry(*row) for row in data["kernels"]]
        self._result.fallbacks = data["fallbacks"]
        self._result.syncs = data["syncs"]


class allow_host:  # noqa: N801
    """Let computations fall back to the host in a `with` block, under ``WEFT_STRICT=1`` too.

    Examples
    --------
    >>> import weft
    >>> with weft.allow_host():
    ...     weft.linalg.det(weft.eye(2)).item()
    1.0
    """

    def __enter__(self) -> None:
        _core._allow_host(1)

    def __exit__(self, *exc: object) -> None:
        _core._allow_host(-1)


def kernel_builds() -> int:
    """How many kernels drivers built from source in this process, on all backends in use."""
    found = {d.type: d for d in _core._believed()}
    return sum(_core._kernel_builds(d) for d in found.values())
