"""The figures of every epoch."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["History"]


class History(dict[str, list[float]]):
    """A dict from the name of a figure to its values, one for each epoch; it can be drawn.

    Examples
    --------
    >>> import weft
    >>> history = weft.train.History(loss=[2.0, 1.0], val_loss=[2.5, 1.5])
    >>> history["loss"][-1]
    1.0
    """

    def add(self, figures: dict[str, Any]) -> None:
        """Append the figures of an epoch."""
        for name, value in figures.items():
            self.setdefault(name, []).append(value)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """Draw losses, and beside them the other figures, over the epochs. Needs matplotlib.

        Parameters
        ----------
        path : path, optional
            Where to save it: a name that ends in .png, .svg or .pdf. Otherwise it is drawn with matplotlib's pyplot,
            which notebooks show by themselves.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from matplotlib.figure import Figure

        curves = {name: values for name, values in self.items() if name != "seconds" and _are_numbers(values)}
        losses = [name for name in curves if name.endswith("loss")]
        panels = [names for names in (losses, [name for name in curves if name not in losses]) if names]
        if not panels:
            raise ValueError("plot: the history is empty; train first")
        size = (5 * len(panels), 4)
        if path is None:
            from matplotlib import pyplot

            figure = pyplot.figure(figsize=size, layout="constrained")
        else:
            figure = Figure(figsize=size, layout="constrained")
        for place, names in enumerate(panels, 1):
            axis = figure.add_subplot(1, len(panels), place)
            for name in names:
                epochs = range(1, len(curves[name]) + 1)
                axis.plot(epochs, curves[name], label=name.replace("_", " "), marker="." if len(epochs) == 1 else None)
            axis.set_xlabel("epoch")
            axis.locator_params(axis="x", integer=True)
            axis.grid(alpha=0.3)
            axis.legend()
        if path is not None:
            figure.savefig(path)
        return figure


def _are_numbers(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, int | float) for value in values)
