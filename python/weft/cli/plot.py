"""``weft plot``: the history of a run as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from .options import PLOTS, need, output_file

__all__ = ["plot"]


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    callback=output_file(*PLOTS),
    help="PNG, SVG or PDF.  [default: RUN/history.png]",
)
def plot(run: Path, output: Path | None) -> None:
    """Draw loss and metrics of every epoch of the training saved in RUN, also one that is going on."""
    need("matplotlib")
    from weft.serialization import read_json
    from weft.train import History
    from weft.train.checkpoint import JSON
    from weft.train.run_folder import newest_whole

    path = newest_whole([run])
    if path is None:
        raise click.ClickException(f"{run}: there is no saved training here; name a folder of weft train --save")
    history = History(read_json(path / JSON)["history"])
    if not history:
        raise click.ClickException(f"{run}: no epoch has been finished yet")
    place = output or run / "history.png"
    history.plot(place)
    click.echo(str(place))
