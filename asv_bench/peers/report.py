"""The table, in markdown."""

from __future__ import annotations

from .judge import Check, Medians

COLUMNS = ("numpy", "torch", "jax", "weft", "weft opencl")


def seconds(value: float) -> str:
    """Three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def _cell(ways: dict[str, float]) -> str:
    """The best way of a library, named where it is not the plain one."""
    if not ways:
        return ""
    plain = {way: s for way, s in ways.items() if way not in ("out=", "bfloat16")} or ways
    way = "weft" if "weft" in plain else min(plain, key=lambda way: plain[way])
    name = "" if way in ("eager", "jit", "weft") else f" ({way})"
    return seconds(plain[way]) + name


def _verdict(check: Check) -> str:
    sign = "<=" if check.at_most else ">="
    return f"{'yes' if check.met else '**no**'}: {check.value:.2f} x {check.what} ({sign} {check.target:.2f})".replace(
        " x microseconds", " us"
    )


def line(name: str, medians: Medians, checks: list[Check], libraries: list[str]) -> str:
    """A row of the table."""
    cells = [_cell(medians.get(library, {})) for library in libraries]
    return "| " + " | ".join([name, *cells, "<br>".join(map(_verdict, checks))]) + " |"


def markdown(
    results: list[tuple[str, Medians, list[Check]]], means: list[Check], limits: dict[str, float], date: str
) -> str:
    """One line for a row, one for each target met or missed, and how many were met."""
    used = [name for name in COLUMNS if any(name in medians for _, medians, _ in results)]
    lines = [
        f"Measured {date}. " + "; ".join(f"{name} {value:.3g}" for name, value in limits.items()),
        "",
        "| " + " | ".join(["row", *used, "target met"]) + " |",
        "|" + "---|" * (len(used) + 2),
    ]
    lines += [line(name, medians, checks, used) for name, medians, checks in results]
    made = [checks for _, _, checks in results if checks] + [[mean] for mean in means]
    lines += ["", *map(_verdict, means)]
    met = sum(all(check.met for check in checks) for checks in made)
    return "\n".join([*lines, "", f"{met} of {len(made)} rows meet their targets."]) + "\n"
