"""A scratch environment that sees what this one sees, and has plugins of its own."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import textwrap
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples" / "plugins"


@dataclass
class Environment:
    """A virtual environment: its folder, and where its packages are."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    @property
    def packages(self) -> Path:
        return Path(sysconfig.get_path("purelib", vars={"base": str(self.folder), "platbase": str(self.folder)}))

    def run(
        self, *args: str, check: bool = True, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        keep = {k: v for k, v in os.environ.items() if k not in ("WEFT_BACKEND", "PYTHONPATH")}
        done = subprocess.run(
            [self.python, *args],
            capture_output=True,
            text=True,
            cwd=cwd or self.folder,
            env={**keep, **variables},
            timeout=900,
        )
        assert not check or done.returncode == 0, f"{args}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def code(self, text: str, check: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("-c", textwrap.dedent(text), check=check, **variables)

    def add_plugin(self, name: str, module: str, target: str = "backend") -> None:
        """A module and the metadata that make it the backend `name`."""
        (self.packages / f"plugin_{name}.py").write_text(textwrap.dedent(module))
        info = self.packages / f"plugin_{name}-0.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugin-{name}\nVersion: 0.1\n")
        (info / "entry_points.txt").write_text(f"[weft.backends]\n{name} = plugin_{name}:{target}\n")


def make_environment(folder: Path) -> Environment:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=300)
    environment = Environment(folder)
    # addsitedir reads the .pth files there too: an editable install of weft is found.
    here = dict.fromkeys(
        p
        for p in [*site.getsitepackages(), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        if os.path.isdir(p)
    )
    (environment.packages / "parent.pth").write_text("".join(f"import site; site.addsitedir({p!r})\n" for p in here))
    return environment
