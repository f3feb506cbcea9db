"""From what is asked for to trainings; everything is checked before the first."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmo_tasks.bilm.pretrained import find_bilm
from elmo_tasks.files import writing
from elmo_tasks.reproduce.data_checks import check_data, sha256
from elmo_tasks.reproduce.experiments import (
    Config,
    Profile,
    ReproductionError,
    Table,
    Task,
    choose_tasks,
    clone_root,
    compose,
    data_files,
    find_profile,
    find_table,
    relocated,
    set_at,
    table_variants,
    with_seed,
)
from elmo_tasks.runner.runs import Run, make_identity

_EXPERIMENTS, _LAYERS = "experiments.json", "layers"

_IGNORED = "# Records are small and may be kept in a repository; what is made again by a training may not.\n" + "".join(
    f"{name}\n" for name in (f"{_LAYERS}/", "run/", "config.json", "digest.txt", "failure.json", "lock", "log.txt")
)


@dataclass(frozen=True)
class Request:
    """
    What `allennlp elmo-reproduce run` is asked for.

    # Parameters

    table, profile : `str`
    out : `Path`
    seeds : `int`
        Trainings of each experiment, with the seeds 1, 2, and so on.
    data : `str | None`
        The folder of data; by default the profile's.
    bilm : `str | None`
        A name or a folder that `find_bilm` knows; by default the profile's.
    tasks : `Sequence[str] | None`
        By default those that the paper's table has.
    """

    table: str
    profile: str
    out: Path
    seeds: int = 3
    data: str | None = None
    bilm: str | None = None
    tasks: Sequence[str] | None = None


@dataclass(frozen=True)
class _Experiment:
    """A config, as shipped, that one cell or several of a table want."""

    name: str
    config: Config


def plan(request: Request) -> list[Run]:
    """
    The trainings of a table, after all checks; what was asked for is written into the folder for the report.

    # Returns

    `list[Run]`
        Seed by seed, so that early results compare.

    # Raises

    `ReproductionError`
        If there is no such table, profile or task, or the folder holds other experiments.
    `PretrainedError`
        If there is no such biLM, or it cannot be downloaded.
    `DataError`
        If data is missing or different.
    """
    profile, table = find_profile(request.profile), find_table(request.table)
    if request.seeds < 1:
        raise ReproductionError(f"--seeds is {request.seeds}; it must be at least 1.")
    tasks = choose_tasks(profile, table, request.tasks)
    if not tasks:
        raise ReproductionError(f'The profile "{profile.name}" has no task of {table.name}; name some with --tasks.')
    bilm = request.bilm or profile.bilm
    bilm_digest = _bilm_digest(bilm)
    cells, experiments = _compose_all(profile, table, tasks, bilm)
    said = _said(request, bilm, bilm_digest, cells)
    folder = request.data or str(_default_data(profile))
    names = [name for experiment in experiments for name in data_files(experiment.config, profile.data)]
    digests = check_data(profile.name, folder, dict.fromkeys(names))
    _write(request.out, said)
    return [
        _make_run(experiment, seed, profile, folder, digests, bilm_digest, request.out)
        for seed in range(1, request.seeds + 1)
        for experiment in experiments
    ]


def _default_data(profile: Profile) -> Path:
    """Where the shipped configs look for it, seen from the clone."""
    root = clone_root()
    return Path(profile.data) if root == Path.cwd() else root / profile.data


def _bilm_digest(name: str) -> str:
    digest = hashlib.sha256()
    for file in find_bilm(name):
        digest.update(sha256(file).encode())
    return digest.hexdigest()


def _compose_all(
    profile: Profile, table: Table, tasks: Sequence[Task], bilm: str
) -> tuple[dict[str, dict[str, str]], list[_Experiment]]:
    """Task -> variant -> experiment's name; and the experiments, each once."""
    cells: dict[str, dict[str, str]] = {}
    experiments: dict[str, _Experiment] = {}
    for task in tasks:
        for variant in table_variants(table, profile):
            name, config = compose(profile, task, variant, bilm)
            cells.setdefault(task.name, {})[variant.name] = name
            experiments.setdefault(f"{task.name}/{name}", _Experiment(f"{task.name}/{name}", config))
    return cells, list(experiments.values())


def _make_run(
    experiment: _Experiment,
    seed: int,
    profile: Profile,
    folder: str,
    digests: Mapping[str, str],
    bilm_digest: str,
    out: Path,
) -> Run:
    config = with_seed(experiment.config, seed)
    identity = json.loads(json.dumps(config))
    files = {name: digests[name] for name in data_files(config, profile.data)}
    if "elmo" in config["model"]:
        # Known by its content, wherever it is.
        set_at(identity, "model.elmo.bilm", f"sha256:{bilm_digest}")
        if profile.keep_layers:
            # In full precision: what they are read from makes no difference to the result.
            set_at(config, "model.elmo.cache", {"path": str(out / _LAYERS), "dtype": "float32"})
    name = f"{experiment.name}/seed{seed}"
    return Run(name, out / name, relocated(config, profile.data, folder), make_identity(identity, files))


def _said(request: Request, bilm: str, bilm_digest: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    """What is in the folder's experiments.json, with this request. Raises `ReproductionError`."""
    said = read_experiments(request.out) or {
        "profile": request.profile,
        "data": None,
        "bilm": bilm,
        "bilm_digest": bilm_digest,
        "tables": {},
    }
    for what, before, now in (
        ("profile", said["profile"], request.profile),
        ("biLM", f"{said['bilm']} ({said['bilm_digest'][:12]})", f"{bilm} ({bilm_digest[:12]})"),
    ):
        if before != now:
            raise ReproductionError(
                f"{request.out} holds experiments with the {what} {before}, not {now}: choose another folder with -o."
            )
    said["data"] = request.data
    table = said["tables"].setdefault(request.table, {"seeds": 0, "tasks": {}})
    table["seeds"] = max(table["seeds"], request.seeds)
    table["tasks"] |= cells
    return said


def read_experiments(out: Path) -> dict[str, Any] | None:
    """
    What a folder's trainings are for; None where there are none.

    `profile`, `data`, `bilm`, `bilm_digest`, and `tables`: of each, `seeds`, and `tasks`: of each, variant to
    experiment.
    """
    path = out / _EXPERIMENTS
    if not path.exists():
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReproductionError(f"{path} is damaged: {error}.") from None


def _write(out: Path, said: Mapping[str, Any]) -> None:
    with writing(out / _EXPERIMENTS) as temporary:
        temporary.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with writing(out / ".gitignore") as temporary:
        temporary.write_text(_IGNORED, encoding="utf-8")
