"""A table of trained mixes: a row a place of use, a column a layer."""

from collections.abc import Sequence

from elmo_tasks.mixes.mix import NamedMix, TrainedMix, names_of_layers


def mix_table(mixes: Sequence[TrainedMix]) -> tuple[list[str], list[list[str]]]:
    """The columns' names and a row a mix: its place, the layers' weights and gamma."""
    names = names_of_layers(mixes)
    return ["place", *names, "gamma"], [_row(mix, len(names)) for mix in mixes]


def _row(mix: TrainedMix, number: int) -> list[str]:
    weights = [f"{weight:.3f}" for weight in mix.weights or ()]
    return [mix.place, *weights, *["-"] * (number - len(weights)), f"{mix.gamma:.3f}"]


def markdown_table(mixes: Sequence[NamedMix]) -> str:
    """An aligned Markdown table, with the models' names and, where there are any, notes."""
    header, rows = mix_table([mix for _, mix in mixes])
    cells = [["model", *header, ""]]
    cells += [[model, *row, mix.note] for (model, mix), row in zip(mixes, rows, strict=True)]
    if not any(row[-1] for row in cells):
        cells = [row[:-1] for row in cells]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    # The weights and gamma.
    is_number = [2 <= column <= len(header) for column in range(len(widths))]
    lines = [
        " | ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        )
        for row in cells
    ]
    rule = " | ".join(
        "-" * (width - 1) + ":" if right else "-" * width for width, right in zip(widths, is_number, strict=True)
    )
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))
