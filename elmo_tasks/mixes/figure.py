"""The picture of trained mixes (Peters et al. 2018, figure 2): a row a place of use, a column a layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from elmo_tasks.files import writing
from elmo_tasks.mixes.mix import NamedMix, layer_names, names_of_layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")

_COLOURS = "Blues"
"""Of one hue, from light to dark: the order can be seen in grey, and by the colour-blind."""


class FigureError(ValueError):
    """A picture cannot be drawn as asked."""


def check_format(path: str | Path) -> None:
    """Raises `FigureError` unless the picture's name ends with one of `FORMATS`."""
    if Path(path).suffix.lower() not in FORMATS:
        raise FigureError(f'The picture "{path}" must end with one of {", ".join(FORMATS)}.')


def draw_mixes(mixes: Sequence[NamedMix]) -> "Figure":
    """
    # Parameters

    mixes : `Sequence[NamedMix]`
        Each with the name of its model, from top to bottom.

    # Returns

    `Figure`
        The weight of a layer is in its cell as a number and as a shade from 0 (white) to 1; gamma stands beside. Of a
        fixed layer only its name is written.

    # Raises

    `FigureError`
        Where matplotlib is not installed.
    """
    try:
        from matplotlib import colormaps
        from matplotlib.figure import Figure
    except ImportError as error:
        raise FigureError(f"The picture needs matplotlib: pip install matplotlib. ({error})") from error
    colours = colormaps[_COLOURS]
    layers = names_of_layers([mix for _, mix in mixes]) or layer_names(1)
    number = len(layers)
    # One column for gamma.
    figure = Figure(figsize=(3.0 + 1.2 * number, 0.9 + 0.4 * len(mixes)), layout="constrained")
    axes = figure.add_subplot(xlim=(0, number + 0.8), ylim=(len(mixes), 0), frame_on=False)
    for row, (_, mix) in enumerate(mixes):
        axes.text(number + 0.4, row + 0.5, f"{mix.gamma:.2f}", ha="center", va="center")
        if mix.weights is None:
            axes.text(number / 2, row + 0.5, mix.note, ha="center", va="center", style="italic")
            continue
        for column, weight in enumerate(mix.weights):
            colour = colours(weight)
            axes.fill_between([column + 0.02, column + 0.98], row + 0.04, row + 0.96, color=colour, linewidth=0)
            ink = "white" if luminance(colour[:3]) < 0.18 else "black"
            axes.text(column + 0.5, row + 0.5, f"{weight:.2f}", color=ink, ha="center", va="center")
    columns = [column + 0.5 for column in range(number)]
    names = [name.replace(" ", "\n", 1) for name in layers]
    axes.set_xticks([*columns, number + 0.4], [*names, r"$\gamma$"])
    axes.set_yticks([row + 0.5 for row in range(len(mixes))], [f"{model}, {mix.place}" for model, mix in mixes])
    axes.tick_params(length=0, labeltop=True, labelbottom=False)
    return figure


def luminance(colour: Sequence[float]) -> float:
    """A colour's relative luminance (WCAG 2): sRGB, each in 0..1, to 0 for black..1 for white."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def write_picture(mixes: Sequence[NamedMix], path: str | Path) -> None:
    """Draws to a file, whose name says the format. Raises `FigureError`."""
    check_format(path)
    figure = draw_mixes(mixes)
    with writing(path) as temporary:
        figure.savefig(temporary, format=Path(path).suffix.lower()[1:], dpi=200)
