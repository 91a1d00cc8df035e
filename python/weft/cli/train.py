"""``weft train``: small trainings from end to end, and the user's own."""

from __future__ import annotations

import click

from .chars import chars
from .digits import digits
from .linear import linear
from .user import user_command

__all__ = ["train"]


class _Tasks(click.Group):
    """Named tasks, and ``module:function``."""

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return super().get_command(context, name) or (user_command(name) if ":" in name else None)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(context, args)
        except click.UsageError:
            context.fail(f"there is no task {args[0]!r}; there are {', '.join(self.commands)}, or module:function")

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(context, formatter)
        with formatter.section("Your own"):
            formatter.write_dl([("module:function", "Train what it returns; see weft train module:function --help.")])


@click.group(cls=_Tasks)
def train() -> None:
    """Train a model on data that are at hand."""


for command in (digits, chars, linear):
    train.add_command(command)
