"""The paper's figures from our trainings, as SVG."""

import io
import statistics
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from elmo_tasks.mixes import NamedMix, TrainedMix, mean_mix
from elmo_tasks.mixes.figure import draw_mixes
from elmo_tasks.reproduce.cells import Cell
from elmo_tasks.reproduce.results import Epochs
from elmo_tasks.reproduce.trainings import Trainings

# Of Okabe and Ito's colours, which the colour-blind tell apart; lines and markers differ too.
_STYLES = {
    False: {"color": "#D55E00", "marker": "s", "linestyle": "--", "label": "baseline"},
    True: {"color": "#0072B2", "marker": "o", "linestyle": "-", "label": "ELMo"},
}
_PANEL = (4.2, 3.2)  # inches
_COLUMNS = 3


def to_svg(figure: Figure) -> bytes:
    """As a file, whose text is drawn as shapes: it needs no font."""
    file = io.BytesIO()
    # Without a salt each file has other names for its shapes, and so changes with every report.
    with rc_context({"svg.hashsalt": "elmo_tasks"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def draw_curves(cells: Sequence[Cell]) -> Figure:
    """
    Scores against the size of the training set (Peters et al. 2018, figure 1).

    # Parameters

    cells : `Sequence[Cell]`
        Those of a learning curve that have scores; a panel a task.
    """
    by_task: dict[str, list[Cell]] = {}
    for cell in cells:
        by_task.setdefault(cell.title, []).append(cell)
    figure, panels = _panels(list(by_task))
    for axes, (title, of_task) in zip(panels, by_task.items(), strict=True):
        for has_elmo, style in _STYLES.items():
            points = [point for point in of_task if point.variant.has_elmo == has_elmo]
            if not points:
                continue
            axes.errorbar(
                [100 * point.variant.fraction for point in points],
                [100 * (point.mean or 0) for point in points],
                yerr=[100 * (point.deviation or 0) for point in points],
                capsize=3,
                **style,
            )
        axes.set_xscale("log")
        axes.set_xticks(sorted({100 * point.variant.fraction for point in of_task}))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.minorticks_off()
        _label(axes, title, "training data (%)", "score on development data")
    return figure


def draw_epochs(tasks: Sequence[Epochs]) -> Figure:
    """Development scores epoch by epoch: the mean, and each training as a thin line; a panel a task."""
    figure, panels = _panels([of_task.experiment.title for of_task in tasks])
    for axes, of_task in zip(panels, tasks, strict=True):
        for trainings, style in ((of_task.baseline, _STYLES[False]), (of_task.elmo, _STYLES[True])):
            _draw_trainings(axes, trainings, style)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _label(axes, of_task.experiment.title, "epoch", "score on development data")
    return figure


def _draw_trainings(axes, trainings: Trainings, style: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    of_seeds = [[100 * score for score in record["epochs"]] for record in trainings.records.values()]
    for scores in of_seeds:
        axes.plot(range(1, len(scores) + 1), scores, color=style["color"], linewidth=0.6, alpha=0.5)
    # As far as all trainings go: early stopping ends them at different epochs.
    means = [statistics.mean(scores) for scores in zip(*of_seeds, strict=False)]
    axes.plot(range(1, len(means) + 1), means, markersize=4, **style)


def mean_mixes(rows: Sequence[tuple[str, Trainings]]) -> list[NamedMix]:
    """Of each task and place the mean over the seeds."""
    return [
        (title, mean_mix([TrainedMix(**mix) for mix in place]))
        for title, trainings in rows
        for place in zip(*(record["mixes"] for record in trainings.records.values()), strict=True)
    ]


def draw_layer_weights(rows: Sequence[tuple[str, Trainings]]) -> Figure:
    """The weights of the biLM's layers by task and place (Peters et al. 2018, figure 2)."""
    return draw_mixes(mean_mixes(rows))


def _panels(titles: Sequence[str]):  # type: ignore[no-untyped-def]
    columns = min(_COLUMNS, len(titles))
    rows = -(-len(titles) // columns)
    figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for axes in panels[len(titles) :]:
        axes.remove()
    return figure, panels[: len(titles)]


def _label(axes, title: str, x: str, y: str) -> None:  # type: ignore[no-untyped-def]
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(axis="y", linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
