"""The report of a folder's trainings: Markdown, CSV, one HTML page, and the figures as SVG."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from elmo_tasks.files import writing
from elmo_tasks.mixes.table import mix_table
from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.document import NOTHING, Block, Code, Heading, Picture, Table, Text, to_html, to_markdown
from elmo_tasks.reproduce.experiments import BOTH, TABLES, UNFINISHED
from elmo_tasks.reproduce.experiments import Table as PaperTable
from elmo_tasks.reproduce.figures import draw_curves, draw_epochs, draw_layer_weights, mean_mixes, to_svg
from elmo_tasks.reproduce.published import Published
from elmo_tasks.reproduce.results import Experiment, Line, Results, points, to_csv
from elmo_tasks.runner.comparisons import mean_and_deviation
from elmo_tasks.runner.schedule import duration

MARKDOWN, CSV, PAGE = "RESULTS.md", "results.csv", "results.html"

_SIGNIFICANT = 0.05


def write_report(out: str | Path, folder: str | Path | None = None, notes: str | None = None) -> list[Path]:
    """
    # Parameters

    out : `str | Path`
        The folder that `allennlp elmo-reproduce run` was given.
    folder : `str | Path | None`
        Where to write; by default `out`.
    notes : `str | None`
        Paragraphs for the top of the page.

    # Returns

    `list[Path]`
        The files.

    # Raises

    `ReproductionError`
        If there are no experiments.
    `RunError`
        If a record is damaged.
    """
    results = Results(out)
    folder = Path(folder or out)
    title, blocks = f"Reproduction of the paper's tables and figures, profile `{results.profile.name}`", []
    blocks += _introduction(results, notes)
    for name in ("table1", "table2", "table3"):
        blocks += _table_section(results, TABLES[name])
    blocks += _figure_1(results)
    blocks += _figure_2(results)
    blocks += _unfinished("table5", "Table 5: word sense disambiguation", "F1", published.TABLE_5)
    blocks += _unfinished("table6", "Table 6: parts of speech", "accuracy", published.TABLE_6)
    blocks += _failures(results)
    blocks += _runs(results)
    blocks += _environment(results)
    blocks += _commands(results, has_notes=bool(notes))
    lines = [line for table in TABLES.values() if table.name != "figure2" for line in results.lines(table)]
    files = {
        MARKDOWN: to_markdown(title, blocks).encode(),
        PAGE: to_html(title.replace("`", ""), blocks).encode(),
        CSV: to_csv(lines).encode(),
    } | {block.file: block.svg for block in blocks if isinstance(block, Picture)}
    for name, content in files.items():
        with writing(folder / name) as temporary:
            temporary.write_bytes(content)
    return [folder / name for name in files]


def _introduction(results: Results, notes: str | None) -> list[Block]:
    experiments = results.experiments()
    done = sum(len(experiment.records) for experiment in experiments)
    blocks: list[Block] = [
        Text(
            f"Profile `{results.profile.name}`: {results.profile.about}. biLM `{results.bilm}` (SHA-256 "
            f"{results.bilm_digest[:12]}…). {done} trainings of {len(experiments)} experiments; all of our numbers are "
            f"from their metrics files. The paper's figures are those of {published.SOURCE}."
        ),
        Text(
            "Scores are in points: the mean over the seeds ± the sample's standard deviation. p (t) is that of the "
            "two-sided paired t-test against the baseline, paired by seed; p (perm.) that of the exact two-sided "
            "permutation test of the difference of means, which supposes nothing about the scores' distribution, and "
            "with three seeds cannot be below 0.1. Neither is corrected for the number of comparisons. A development "
            "score is that of the epoch that was chosen by it, and so a little too high, for the baseline as for ELMo."
        ),
    ]
    if not results.profile.is_papers:
        blocks.append(
            Text(
                "The data, the biLM and the sizes are not the paper's, so its figures stand here for orientation: what "
                "can be compared is the gain over the baseline, not the scores."
            )
        )
    return blocks + [Text(paragraph) for paragraph in (notes or "").strip().split("\n\n") if paragraph]


def _table_section(results: Results, table: PaperTable) -> list[Block]:
    lines = results.lines(table)
    blocks: list[Block] = [Heading(table.title), _comparison(lines, results.profile.is_papers)]
    if table.name not in results.tables:
        blocks += [Text("Not run. To run it:"), Code(_command(results, table.name))]
    blocks += [Text(text) for text in _verdicts(lines)]
    return blocks


def _comparison(lines: Sequence[Line], is_papers: bool) -> Table:
    columns: list[tuple[str, Callable[[Line], str]]] = [
        ("task", lambda line: line.title),
        ("variant", lambda line: line.variant.title),
        ("the paper", lambda line: _paper(line.paper)),
        ("ours", lambda line: mean_and_deviation(list(line.scores.values())) if line.scores else line.state),
        ("runs", lambda line: line.state if line.scores else NOTHING),
        ("measured on", lambda line: line.measured_on or NOTHING),
        ("ours - paper", lambda line: _signed(line.to_paper)),
        ("over baseline", lambda line: _signed(points(line.gain))),
        ("error reduction", lambda line: _percent(line.error_reduction)),
        ("p (t)", lambda line: _p(line.p_paired_t)),
        ("p (perm.)", lambda line: _p(line.p_permutation)),
    ]
    if not is_papers:
        columns = [column for column in columns if column[0] != "ours - paper"]
    header = [name for name, _ in columns]
    words = ("task", "variant", "measured on")
    numbers = [number for number, name in enumerate(header) if name not in words]
    return Table(header, [[cell(line) for _, cell in columns] for line in lines], numbers)


def _paper(paper: Published | None) -> str:
    if paper is None:
        return NOTHING
    text = _as_printed(paper.value)
    if paper.deviation is not None:
        text += f" ± {_as_printed(paper.deviation, text)}"
    if paper.gain is None:
        return text
    return f"{text} (+{paper.gain:g}; {paper.error_reduction:g} %)"


def _as_printed(value: float, like: str = "0.0") -> str:
    """With one decimal, or two where it needs them, or where `like` has them."""
    digits = max(len(like.partition(".")[2]), len(f"{value:g}".partition(".")[2]))
    return f"{value:.{digits}f}"


def _verdicts(lines: Sequence[Line]) -> list[str]:
    """What is significant, and where ELMo does not help."""
    measured = [line for line in lines if line.gain is not None]
    if not measured:
        return []
    better: list[str] = []
    worse: list[str] = []
    unclear: list[str] = []
    untested: list[str] = []
    for line in measured:
        p = line.p_paired_t
        kind = untested if p is None else unclear if p >= _SIGNIFICANT else better if (line.gain or 0) > 0 else worse
        kind.append(f"{line.title}, {line.variant.title} ({_signed(points(line.gain))})")
    said = [
        ("Better than the baseline, p (t) < 0.05", better),
        ("Worse than the baseline, p (t) < 0.05", worse),
        ("No difference that these runs can tell from chance", unclear),
        ("Not tested, for there is one seed only, or the same difference in all", untested),
    ]
    return [f"{what}: {'; '.join(cells)}." for what, cells in said if cells]


def _figure_1(results: Results) -> list[Block]:
    table = TABLES["figure1"]
    lines = results.lines(table)
    measured = [line for line in lines if line.scores]
    blocks: list[Block] = [Heading(table.title), Text(published.FIGURE_1)]
    if measured:
        caption = (
            "Development score against the part of the training set that is trained on (logarithmic); the bars are "
            "standard deviations over the seeds. An epoch has as many updates on a part of the data as on all of it."
        )
        blocks.append(Picture("figure1.svg", to_svg(draw_curves(measured)), f"Figure 1. {caption}"))
        blocks.append(_curve_table([line for line in lines if line.task]))
        blocks += [Text(text) for text in _sample_efficiency(measured)]
    else:
        blocks += [Text("The learning curve was not run. To run it:"), Code(_command(results, table.name))]
    return blocks + _epochs(results)


def _curve_table(lines: Sequence[Line]) -> Table:
    rows = []
    for baseline, elmo in zip(lines[::2], lines[1::2], strict=True):
        scores = [
            mean_and_deviation(list(line.scores.values())) if line.scores else line.state for line in (baseline, elmo)
        ]
        runs = " / ".join(str(len(line.scores)) for line in (baseline, elmo))
        part = f"{100 * elmo.variant.fraction:g} %"
        rows.append([elmo.title, part, *scores, _signed(points(elmo.gain)), _percent(elmo.error_reduction), runs])
    header = ["task", "training data", "baseline", "ELMo", "over baseline", "error reduction", "runs"]
    return Table(header, rows, range(1, 7))


def _sample_efficiency(lines: Sequence[Line]) -> list[str]:
    """Of each task: the least part of the data on which ELMo does as well as the baseline on all of it."""
    means: dict[str, dict[tuple[bool, float], float]] = {}
    for line in lines:
        if line.mean is not None:
            means.setdefault(line.title, {})[line.variant.has_elmo, line.variant.fraction] = line.mean
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
        return [*blocks, Text("Not run. To run it:"), Code(_command(results, "table1"))]
    rows = []
    for of_task in tasks:
        pairs = of_task.pairs()
        reached = [epoch for _, epoch in pairs if epoch is not None]
        rows.append(
            [
                of_task.task.title,
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


def _figure_2(results: Results) -> list[Block]:
    table = TABLES["figure2"]
    blocks: list[Block] = [Heading(table.title), Text(published.FIGURE_2)]
    cells = [(task.title, results.cell(table, task, BOTH.name)) for task in results.tasks(table)]
    rows: list[tuple[str, Experiment]] = [(title, cell) for title, cell in cells if cell and cell.records]
    absent = [title for title, cell in cells if not (cell and cell.records)]
    if rows:
        caption = (
            "Figure 2. The softmax-normalised weights of the biLM's layers, and gamma, by task and place of use: means "
            "over the seeds. The darker the larger."
        )
        blocks.append(Picture("figure2.svg", to_svg(draw_layer_weights(rows)), caption))
        blocks.append(_weights_table(rows))
    if absent:
        blocks += [Text(f"Not run: {'; '.join(absent)}. To run it:"), Code(_command(results, table.name))]
    return blocks


def _weights_table(rows: Sequence[tuple[str, Experiment]]) -> Table:
    means = mean_mixes(rows)
    runs = {title: len(experiment.records) for title, experiment in rows}
    header, mixes = mix_table([mix for _, mix in means])
    cells = [[title, *mix, str(runs[title])] for (title, _), mix in zip(means, mixes, strict=True)]
    return Table(["task", *header, "runs"], cells, range(2, len(header) + 2))


def _unfinished(name: str, title: str, measure: str, figures: dict[str, float]) -> list[Block]:
    rows = [
        [system, _as_printed(value), "not run: no such task yet" if system.startswith("biLM") else NOTHING]
        for system, value in figures.items()
    ]
    assert name in UNFINISHED
    return [Heading(title), Table(["", f"the paper ({measure})", "ours"], rows, (1,))]


def _failures(results: Results) -> list[Block]:
    failures = [message for experiment in results.experiments() for message in experiment.failures.values()]
    mixed = [experiment.name for experiment in results.experiments() if not experiment.is_uniform]
    blocks: list[Block] = [Heading("Failed trainings")] if failures or mixed else []
    blocks += [Code(message) for message in failures]
    if mixed:
        blocks.append(Text(f"The seeds of these are not of one config, or not of the same data: {', '.join(mixed)}."))
    return blocks


def _runs(results: Results) -> list[Block]:
    rows = []
    for experiment in results.experiments():
        records = experiment.records.values()
        rows.append(
            [
                f"`{experiment.name}`",
                str(len(records)),
                _duration(experiment.seconds),
                _duration(experiment.cpu_seconds),
                f"{experiment.peak_memory_mb:,} MB" if experiment.peak_memory_mb else NOTHING,
                str(sum(record["recovered"] for record in records)),
            ]
        )
    header = ["experiment", "runs", "wall time of one", "processor time", "peak memory", "interrupted and recovered"]
    note = (
        "Times are means over the runs that were not interrupted, start-up included; processor time adds up a run's "
        "threads, and the oldest records do not have it. Peak memory is the largest resident set of a run's process. "
        "Where several ran at a time, they slowed one another down."
    )
    return [Heading("Runs: time and memory"), Table(header, rows, (1, 2, 3, 4, 5)), Text(note)]


def _duration(seconds: float | None) -> str:
    return NOTHING if seconds is None else duration(seconds)


def _environment(results: Results) -> list[Block]:
    rows = [[name, "; ".join(values)] for name, values in results.environment().items()]
    rows.append(["biLM", f"`{results.bilm}`, SHA-256 `{results.bilm_digest}`"])
    return [Heading("Environment"), Table(["", ""], rows)]


def _commands(results: Results, has_notes: bool) -> list[Block]:
    blocks: list[Block] = [
        Heading("Commands"),
        Text(
            "In a clone of the repository. What is done is not done again: choose another folder with `-o` to begin "
            "anew. Each run's own command and whole config are in its `record.json`."
        ),
    ]
    lines = [
        _command(results, name, task, said["seeds"]) for name, said in results.tables.items() for task in said["tasks"]
    ]
    report = f"allennlp elmo-reproduce report {results.out}" + (" --notes FILE" if has_notes else "")
    return [*blocks, Code("\n".join([*lines, report]))]


def _command(results: Results, table: str, task: str | None = None, seeds: int = 3) -> str:
    """That runs a table, or one task of it."""
    parts = [f"allennlp elmo-reproduce run {table} --profile {results.profile.name}"]
    parts += [f"--tasks {task}"] if task else []
    parts += [f"--data {results.data}"] if results.data else []
    return " ".join([*parts, f"--bilm {results.bilm} --seeds {seeds} -o {results.out}"])


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{_unsigned_zero(value, 2):+.2f}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{_unsigned_zero(100 * value, 1):.1f} %"


def _unsigned_zero(value: float, digits: int) -> float:
    """Rounded, and never -0."""
    return round(value, digits) + 0.0


def _p(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
