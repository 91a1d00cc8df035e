"""examples/plugins: built, installed, listed, and conforming."""

from __future__ import annotations

from pathlib import Path

import pytest
from plugin_environment import Environment

NAMES = ["tiny_c", "tiny_py"]


@pytest.mark.parametrize("name", NAMES)
def test_chosen_by_its_name(examples: Environment, name: str) -> None:
    program = "import weft; x = weft.arange(4, dtype='float32'); print(x.device, (x * x + 1).tolist())"
    assert examples.code(program, WEFT_BACKEND=name).stdout.split(" ", 1) == [f"{name}:0", "[1.0, 2.0, 5.0, 10.0]\n"]


def test_listed_beside_the_others(examples: Environment) -> None:
    listed = examples.run("-m", "weft.cli", "devices").stdout
    for name in (*NAMES, "cpu", "reference"):
        assert f"{name}:0" in listed


def test_several_at_once(examples: Environment) -> None:
    examples.code("""
        import weft
        x = weft.arange(6, dtype="float32", device="tiny_c")
        y = x.to("tiny_py") * 2
        z = y.to("cpu") + weft.ones(6, device="cpu")
        assert z.tolist() == [1, 3, 5, 7, 9, 11], z
    """)


def test_a_network_learns_on_the_c_example(examples: Environment) -> None:
    """4 arguments in a kernel and 1 MB in a buffer are enough for a training loop."""
    examples.code(
        """
        import weft
        from weft import nn
        weft.manual_seed(0)
        x = weft.random.uniform(size=(64, 1))
        y = 3 * x + 2
        model = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 1))
        optimizer = weft.optim.Adam(model.parameters(), lr=0.05)
        losses = []
        for _ in range(60):
            optimizer.zero_grad()
            loss = ((model(x) - y) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < 0.05 * losses[0], losses
    """,
        WEFT_BACKEND="tiny_c",
    )


@pytest.mark.parametrize("name", NAMES)
def test_conformance(examples: Environment, name: str, tmp_path: Path) -> None:
    done = examples.run(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--pyargs",
        "weft.testing",
        "--backend",
        name,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{name}:0" in done.stdout or " passed" in done.stdout
