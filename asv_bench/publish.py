"""``python asv_bench/publish.py``: the dashboard, with everything a browser needs beside it.

`asv publish` writes pages that load their libraries from the network. This fetches those from npm once, puts them into
the dashboard's folder, and points the pages there: `asv preview` then works offline.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
HTML = HERE / json.loads((HERE / "asv.conf.json").read_text())["html_dir"]
LIBRARIES = {  # npm's name and version: its files, by the names in asv's pages
    "jquery@3.3.1": {"jquery-3.3.1.min.js": "dist/jquery.min.js"},
    "flot@0.8.3": {
        f"jquery.flot{part}.min.js": f"jquery.flot{part}.js" for part in ("", ".time", ".selection", ".categories")
    },
    "flot-orderbars@1.0.0": {"jquery.flot.orderBars.js": "js/jquery.flot.orderBars.js"},
    "stupid-table-plugin@1.1.3": {"stupidtable.min.js": "stupidtable.min.js"},
    "blueimp-md5@2.19.0": {"md5.min.js": "js/md5.min.js"},
    "bootstrap@3.1.1": {
        "bootstrap.min.js": "dist/js/bootstrap.min.js",
        "bootstrap.min.css": "dist/css/bootstrap.min.css",
    },
}


def fetch(package: str, files: dict[str, str], target: Path) -> None:
    """Copy files of an npm package; npm checks what it downloads."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            for name, path in files.items():
                member = archive.extractfile(f"package/{path}")
                if member is None:
                    raise FileNotFoundError(f"{package} has no file {path}")
                (target / name).write_bytes(member.read())


def localise(page: str) -> str:
    """The page with every script and style sheet from the network replaced by the local one of that name."""

    def local(match: re.Match[str]) -> str:
        tag, attribute, url = match.group("tag", "attribute", "url")
        name = url.rpartition("/")[2]
        rest = ' rel="stylesheet"' if tag == "link" else ""
        if not any(name in files for files in LIBRARIES.values()):
            raise LookupError(f"asv's pages load {url}, which publish.py does not know: add it to LIBRARIES")
        return f'<{tag}{rest} {attribute}="libraries/{name}">'

    pattern = r'<(?P<tag>script|link)\b[^>]*?\b(?P<attribute>src|href)="(?P<url>https://[^"]+)"[^>]*>'
    return re.sub(pattern, local, page)


def main() -> None:
    subprocess.run([sys.executable, "-m", "asv", "publish", *sys.argv[1:]], cwd=HERE, check=True)
    libraries = HTML / "libraries"
    libraries.mkdir(exist_ok=True)
    for package, files in LIBRARIES.items():
        fetch(package, files, libraries)
    for page in HTML.glob("*.html"):
        page.write_text(localise(page.read_text()))


if __name__ == "__main__":
    main()
