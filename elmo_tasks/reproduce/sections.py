"""The report's sections on the paper's tables and figures."""

import statistics
from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

from elmo_tasks.mixes.table import mix_table
from elmo_tasks.reproduce.cells import Cell, points
from elmo_tasks.reproduce.document import NOTHING, Block, Code, Heading, Picture, Table, Text
from elmo_tasks.reproduce.figures import draw_curves, draw_epochs, draw_layer_weights, mean_mixes, to_svg
from elmo_tasks.reproduce.formats import p_value, paper_figure, percent, signed
from elmo_tasks.reproduce.results import Results
from elmo_tasks.reproduce.tables import BOTH, REPORTED, PaperTable
from elmo_tasks.reproduce.trainings import Trainings
from elmo_tasks.runner.comparisons import mean_and_deviation

_SIGNIFICANT = 0.05


def table_sections(results: Results) -> list[Block]:
    """A section a table or figure, in the order of `REPORTED`."""
    show = {"scores": _scores, "curve": _curve, "weights": _weights}
    blocks: list[Block] = []
    for table in REPORTED:
        blocks.append(Heading(table.title))
        blocks += show[table.form](results, table)
    return blocks


def run_command(results: Results, table: str, task: str | None = None) -> str:
    """That runs a table, or that has run one task of it."""
    asked = results.tables[table]["tasks"][task] if task else {"seeds": 3, "data": results.data}
    seeds, data = asked["seeds"], asked["data"]
    parts = [f"elmo-tasks elmo-reproduce run {table} --profile {results.profile.name}"]
    parts += [f"--tasks {task}"] if task else []
    parts += [f"--data {data}"] if data else []
    return " ".join([*parts, f"--bilm {results.bilm} --seeds {seeds} -o {results.out}"])


def _scores(results: Results, table: PaperTable) -> list[Block]:
    cells = results.cells(table)
    blocks: list[Block] = [Text(table.about)] if table.about else []
    blocks.append(_comparison(cells, results.profile.is_papers))
    if table.name not in results.tables:
        blocks += [Text("Not run. To run it:"), Code(run_command(results, table.name))]
    blocks += [Text(text) for text in _verdicts(cells)]
    return blocks


def _comparison(cells: Sequence[Cell], is_papers: bool) -> Table:
    columns: list[tuple[str, Callable[[Cell], str]]] = [
        ("task", lambda cell: cell.title),
        ("variant", lambda cell: cell.variant.title),
        ("the paper", lambda cell: paper_figure(cell.paper)),
        ("ours", lambda cell: mean_and_deviation(list(cell.scores.values())) if cell.scores else cell.state),
        ("runs", lambda cell: cell.state if cell.scores else NOTHING),
        ("measured on", lambda cell: cell.measured_on or NOTHING),
        ("ours - paper", lambda cell: signed(cell.to_paper)),
        ("over baseline", lambda cell: signed(points(cell.gain))),
        ("error reduction", lambda cell: percent(cell.error_reduction)),
        ("p (t)", lambda cell: p_value(cell.p_paired_t)),
        ("p (perm.)", lambda cell: p_value(cell.p_permutation)),
    ]
    if not is_papers:
        columns = [column for column in columns if column[0] != "ours - paper"]
    header = [name for name, _ in columns]
    words = ("task", "variant", "measured on")
    numbers = [number for number, name in enumerate(header) if name not in words]
    return Table(header, [[show(cell) for _, show in columns] for cell in cells], numbers)


def _verdicts(cells: Sequence[Cell]) -> list[str]:
    """What is significant, and where ELMo does not help."""
    measured = [cell for cell in cells if cell.gain is not None]
    if not measured:
        return []
    better: list[str] = []
    worse: list[str] = []
    unclear: list[str] = []
    untested: list[str] = []
    for cell in measured:
        p = cell.p_paired_t
        kind = untested if p is None else unclear if p >= _SIGNIFICANT else better if (cell.gain or 0) > 0 else worse
        kind.append(f"{cell.title}, {cell.variant.title} ({signed(points(cell.gain))})")
    said = [
        ("Better than the baseline, p (t) < 0.05", better),
        ("Worse than the baseline, p (t) < 0.05", worse),
        ("No difference that these runs can tell from chance", unclear),
        ("Not tested, for there is one seed only, or the same difference in all", untested),
    ]
    return [f"{what}: {'; '.join(named)}." for what, named in said if named]


def _curve(results: Results, table: PaperTable) -> list[Block]:
    cells = results.cells(table)
    measured = [cell for cell in cells if cell.scores]
    blocks: list[Block] = [Text(table.about)]
    if measured:
        caption = (
            "Development score against the part of the training set that is trained on (logarithmic); the bars are "
            "standard deviations over the seeds. An epoch has as many updates on a part of the data as on all of it."
        )
        blocks.append(_picture(table, draw_curves(measured), caption))
        blocks.append(_curve_table(cells))
        blocks += [Text(text) for text in _sample_efficiency(measured)]
    else:
        blocks += [Text("The learning curve was not run. To run it:"), Code(run_command(results, table.name))]
    return blocks + _epochs(results)


def _picture(table: PaperTable, figure: Figure, caption: str) -> Picture:
    return Picture(f"{table.name}.svg", to_svg(figure), f"{table.title.partition(':')[0]}. {caption}")


def _curve_table(cells: Sequence[Cell]) -> Table:
    rows = []
    for baseline, elmo in zip(cells[::2], cells[1::2], strict=True):
        scores = [
            mean_and_deviation(list(cell.scores.values())) if cell.scores else cell.state for cell in (baseline, elmo)
        ]
        runs = " / ".join(str(len(cell.scores)) for cell in (baseline, elmo))
        part = f"{100 * elmo.variant.fraction:g} %"
        rows.append([elmo.title, part, *scores, signed(points(elmo.gain)), percent(elmo.error_reduction), runs])
    header = ["task", "training data", "baseline", "ELMo", "over baseline", "error reduction", "runs"]
    return Table(header, rows, range(1, 7))


def _sample_efficiency(cells: Sequence[Cell]) -> list[str]:
    """Of each task: the least part of the data on which ELMo does as well as the baseline on all of it."""
    means: dict[str, dict[tuple[bool, float], float]] = {}
    for cell in cells:
        if cell.mean is not None:
            means.setdefault(cell.title, {})[cell.variant.has_elmo, cell.variant.fraction] = cell.mean
    said = []
    for title, of_task in means.items():
        whole = of_task.get((False, 1.0))
        parts = sorted(fraction for has_elmo, fraction in of_task if has_elmo)
        if whole is None or not parts:
            continue
        enough = next((fraction for fraction in parts if of_task[True, fraction] >= whole), None)
        if enough is None:
            elmo = "ELMo scores less than that on each part"
        else:
            elmo = f"ELMo scores {100 * of_task[True, enough]:.2f} on {100 * enough:g} %"
        said.append(f"{title}: the baseline scores {100 * whole:.2f} on all of the training data; {elmo}.")
    return said


def _epochs(results: Results) -> list[Block]:
    blocks: list[Block] = [Heading("Epochs to reach the baseline's best", 3)]
    tasks = results.epochs()
    if not tasks:
        return [*blocks, Text("Not run. To run it:"), Code(run_command(results, "table1"))]
    rows = []
    for of_task in tasks:
        pairs = of_task.pairs()
        reached = [epoch for _, epoch in pairs if epoch is not None]
        rows.append(
            [
                of_task.experiment.title,
                f"{statistics.mean(best for best, _ in pairs):.1f}" if pairs else NOTHING,
                f"{statistics.mean(reached):.1f}" if reached else NOTHING,
                f"{len(reached)} of {len(pairs)}",
            ]
        )
    header = ["task", "epoch of the baseline's best", "epoch in which ELMo reaches it", "runs in which it does"]
    caption = (
        "Development score epoch by epoch: thick, the mean, as far as all runs go (training ends early when the score "
        "no longer rises); thin, each run."
    )
    return [
        *blocks,
        Table(header, rows, (1, 2, 3)),
        Picture("epochs.svg", to_svg(draw_epochs(tasks)), caption),
    ]


def _weights(results: Results, table: PaperTable) -> list[Block]:
    blocks: list[Block] = [Text(table.about)]
    of_titles = [
        (experiment.title, results.trainings(table, experiment, BOTH.name)) for experiment in results.experiments(table)
    ]
    rows = [(title, trainings) for title, trainings in of_titles if trainings and trainings.has_mixes]
    absent = [title for title, trainings in of_titles if not (trainings and trainings.has_mixes)]
    if rows:
        caption = (
            "The softmax-normalised weights of the biLM's layers, and gamma, by task and place of use: means "
            "over the seeds. The darker the larger."
        )
        blocks.append(_picture(table, draw_layer_weights(rows), caption))
        blocks.append(_weights_table(rows))
    if absent:
        blocks += [Text(f"Not run: {'; '.join(absent)}. To run it:"), Code(run_command(results, table.name))]
    return blocks


def _weights_table(rows: Sequence[tuple[str, Trainings]]) -> Table:
    means = mean_mixes(rows)
    runs = {title: len(trainings.records) for title, trainings in rows}
    header, mixes = mix_table([mix for _, mix in means])
    cells = [[title, *mix, str(runs[title])] for (title, _), mix in zip(means, mixes, strict=True)]
    return Table(["task", *header, "runs"], cells, range(2, len(header) + 2))
