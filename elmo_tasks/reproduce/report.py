"""The report of a folder's trainings: Markdown, CSV, one HTML page, and the figures as SVG."""

from pathlib import Path

from elmo_tasks.files import writing
from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.cells import to_csv
from elmo_tasks.reproduce.document import NOTHING, Block, Code, Heading, Picture, Table, Text, to_html, to_markdown
from elmo_tasks.reproduce.results import Results
from elmo_tasks.reproduce.sections import run_command, table_sections
from elmo_tasks.reproduce.tables import TABLES
from elmo_tasks.runner.schedule import duration

MARKDOWN, CSV, PAGE = "RESULTS.md", "results.csv", "results.html"


def write_report(out: str | Path, folder: str | Path | None = None, notes: str | None = None) -> list[Path]:
    """
    Writes what the runs in a folder have come to, and what is still to be run.

    # Parameters

    out : `str | Path`
        The folder that `elmo-tasks elmo-reproduce run` was given.
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
    blocks += table_sections(results)
    blocks += _failures(results)
    blocks += _runs(results)
    blocks += _environment(results)
    blocks += _commands(results, has_notes=bool(notes))
    cells = [cell for table in TABLES.values() if table.form != "weights" for cell in results.cells(table)]
    files = {
        MARKDOWN: to_markdown(title, blocks).encode(),
        PAGE: to_html(title.replace("`", ""), blocks).encode(),
        CSV: to_csv(cells).encode(),
    } | {block.file: block.svg for block in blocks if isinstance(block, Picture)}
    for name, content in files.items():
        with writing(folder / name) as temporary:
            temporary.write_bytes(content)
    return [folder / name for name in files]


def _introduction(results: Results, notes: str | None) -> list[Block]:
    experiments = results.all_trainings()
    done = sum(len(experiment.records) for experiment in experiments)
    blocks: list[Block] = [
        Text(
            f"Profile `{results.profile.name}`: {results.profile.about}. biLM `{results.bilm}` (SHA-256 "
            f"{results.bilm_digest[:12]}…). {done} trainings of {len(experiments)} experiments; all of our numbers are "
            f"from their metrics files. The paper's figures are those of {published.SOURCE}."
        ),
        Text(
            "Scores are in points: the mean over the seeds ± the sample's standard deviation. What is said of a score "
            "over the baseline's is of the seeds that both have; where one has more, it is not the difference of the "
            "two means. p (t) is that of the "
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


def _failures(results: Results) -> list[Block]:
    failures = [message for trainings in results.all_trainings() for message in trainings.failures.values()]
    mixed = [trainings.name for trainings in results.all_trainings() if not trainings.is_uniform]
    blocks: list[Block] = [Heading("Failed trainings")] if failures or mixed else []
    blocks += [Code(message) for message in failures]
    if mixed:
        blocks.append(Text(f"The seeds of these are not of one config, or not of the same data: {', '.join(mixed)}."))
    return blocks


def _runs(results: Results) -> list[Block]:
    rows = []
    for trainings in results.all_trainings():
        records = trainings.records.values()
        rows.append(
            [
                f"`{trainings.name}`",
                str(len(records)),
                _duration(trainings.seconds),
                _duration(trainings.cpu_seconds),
                f"{trainings.peak_memory_mb:,} MB" if trainings.peak_memory_mb else NOTHING,
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
    lines = [run_command(results, name, task) for name, said in results.tables.items() for task in said["tasks"]]
    report = f"elmo-tasks elmo-reproduce report {results.out}" + (" --notes FILE" if has_notes else "")
    return [*blocks, Code("\n".join([*lines, report]))]
