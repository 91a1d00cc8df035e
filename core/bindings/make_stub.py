"""Write python/weft/_core.pyi from the built module: `make_stub.py FOLDER`, where FOLDER holds the package weft.

nanobind's generator knows the signatures; this adds what a type checker needs, as weft has a dtype called bool and a
method called int: types of Python are written builtins.int, and a class whose attributes hide dtype and device names
these by aliases. With --check it only compares.
"""

from __future__ import annotations

import ast
import builtins
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).parents[2] / "python" / "weft" / "_core.pyi"
HIDDEN = {"dtype": "_dtype", "device": "_device"}
HEADER = '''"""The core of weft: tensors, their operations, and the runtime. Made by core/bindings/make_stub.py."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, SupportsIndex, TypeAlias

import weft._typing
import weft.backend

class OutOfMemoryError(MemoryError): ...
class HostFallbackError(RuntimeError): ...
'''


class Annotations(ast.NodeTransformer):
    """Rewrites names inside annotations."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in HIDDEN:
            return ast.Name(HIDDEN[node.id])
        if isinstance(getattr(builtins, node.id, None), type):
            return ast.Attribute(ast.Name("builtins"), node.id)
        return node


def rewrite(tree: ast.AST) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.AnnAssign) and not (
            isinstance(node.annotation, ast.Name) and node.annotation.id in HIDDEN
        ):
            node.annotation = Annotations().visit(node.annotation)
        if isinstance(node, ast.FunctionDef):
            node.returns = Annotations().visit(node.returns) if node.returns else None
            arguments = [
                *node.args.posonlyargs,
                *node.args.args,
                *node.args.kwonlyargs,
                node.args.vararg,
                node.args.kwarg,
            ]
            for argument in arguments:
                if argument is not None and argument.annotation is not None:
                    argument.annotation = Annotations().visit(argument.annotation)


def generate(folder: Path) -> str:
    with tempfile.TemporaryDirectory() as made:
        raw = Path(made, "raw.pyi")
        command = [
            sys.executable,
            "-m",
            "nanobind.stubgen",
            "-q",
            "-P",
            "-m",
            "weft._core",
            "-i",
            str(folder),
            "-o",
            str(raw),
        ]
        subprocess.run(command, check=True, cwd=made)
        tree = ast.parse(raw.read_text())
    rewrite(tree)
    body = [n for n in tree.body if not isinstance(n, (ast.Import, ast.ImportFrom, ast.Expr))]
    lines = []
    for line in ast.unparse(ast.Module(body, [])).splitlines():
        if line.startswith(("    def __eq__", "    def __ne__")) and "-> Tensor:" in line:
            line += "  # type: ignore[override]"
        lines.append(line)
    aliases = "\n".join(f"{alias}: TypeAlias = {name}" for name, alias in HIDDEN.items())
    return f"{HEADER}\n{chr(10).join(lines)}\n\n{aliases}\n"


if __name__ == "__main__":
    options = [a for a in sys.argv[1:] if not a.startswith("--")]
    text = generate(Path(options[0] if options else ".").resolve())
    if "--check" in sys.argv:
        sys.exit(0 if text == TARGET.read_text() else f"{TARGET} is not what make_stub.py writes")
    TARGET.write_text(text)
