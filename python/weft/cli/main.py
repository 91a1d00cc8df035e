"""The command line: its commands, and how mistakes are told."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from typing import Any

import click

from .doctor import doctor
from .info import devices, info
from .plot import plot
from .predict import predict
from .train import train

__all__ = ["main"]


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def weft(context: click.Context, version: bool) -> None:
    """Train models and look at devices.

    WEFT_BACKEND chooses the backend: cpu, opencl, opencl:1, auto, or a plugin's name.
    """
    if version:
        import weft as library

        click.echo(f"weft {library.__version__}")
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (train, predict, plot, devices, info, doctor):
    weft.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 2 after a user's mistake (one line on stderr), 130 after Ctrl-C."""
    warnings.showwarning = _warn
    try:
        weft.main(args=None if arguments is None else list(arguments), prog_name="weft", standalone_mode=False)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _fail(error.format_message())
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe went away: no message at exit either
        sys.exit(1)
    except _mistakes() as error:
        _fail(str(error))


def _mistakes() -> tuple[type[Exception], ...]:
    """Errors of weft itself that say what the user can do, and those of files."""
    from weft import OutOfMemoryError
    from weft.backend import BackendError
    from weft.serialization import FileError
    from weft.train import CheckpointError, FolderInUseError, NanLossError

    return BackendError, CheckpointError, FileError, FolderInUseError, NanLossError, OSError, OutOfMemoryError


def _warn(message: Warning | str, *place: Any, **more: Any) -> None:
    """A warning without the line of the program that it came from."""
    click.echo(f"weft: warning: {' '.join(str(message).split())}", err=True)


def _fail(message: str) -> None:
    click.echo(f"weft: {' '.join(message.split())}", err=True)
    sys.exit(2)
