"""From what is asked for to trainings; everything is checked before the first."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elmo_tasks.bilm.identity import bilm_digest
from elmo_tasks.bilm.pretrained import files_to_download, find_bilm
from elmo_tasks.files import read_object, sha256, writing
from elmo_tasks.reproduce.compose import clone_root, compose
from elmo_tasks.reproduce.data_checks import DataError, Problem, all_told, find_problems, in_one_line
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.profiles import Profile, find_profile
from elmo_tasks.reproduce.tables import PaperTable, find_table, table_variants
from elmo_tasks.runner.configs import Config, data_files, get_at, relocated, set_at, with_seed
from elmo_tasks.runner.runs import Run, make_identity
from elmo_tasks.tasks.base.card import Experiment
from elmo_tasks.transformer import read_transformer, transformer_of

_EXPERIMENTS, _LAYERS = "experiments.json", "layers"

_NOT_RECORDS = (
    f"{_LAYERS}/",
    "run/",
    "run.before/",
    "config.json",
    "digest.txt",
    "failure.json",
    "lock",
    "log.txt",
    "starts.json",
)

_IGNORED = "# Records are small and may be kept in a repository; what is made again by a training may not.\n" + "".join(
    f"{name}\n" for name in _NOT_RECORDS
)


@dataclass(frozen=True)
class Request:
    """
    What `elmo-tasks elmo-reproduce run` is asked for.

    # Parameters

    table, profile : `str`
    out : `Path`
    seeds : `int`
        Trainings of each experiment, with the seeds 1, 2, and so on.
    data : `str | None`
        The folder of data; by default the profile's.
    bilm : `str | None`
        A name or a folder that `find_bilm` knows, or a transformer, see `transformer_of`; by default the profile's.
    tasks : `Sequence[str] | None`
        The experiments' names; by default those of the table whose data are there.
    """

    table: str
    profile: str
    out: Path
    seeds: int = 3
    data: str | None = None
    bilm: str | None = None
    tasks: Sequence[str] | None = None


@dataclass(frozen=True)
class _Composed:
    """The config of an experiment, its paths as shipped, that one cell or several of a table want."""

    name: str
    experiment: Experiment
    config: Config


def plan(request: Request, tell: Callable[[str], object] = lambda line: None) -> list[Run]:
    """
    The trainings of a table, after all checks; what was asked for is written into the folder for the report.

    # Parameters

    request : `Request`
    tell : `Callable[[str], object]`
        Is given a line about each task that is left out, as it was not asked for by name and its data are not there.

    # Returns

    `list[Run]`
        Seed by seed, so that early results compare.

    # Raises

    `ReproductionError`
        If there is no such table, profile or task, or the folder holds other experiments.
    `PretrainedError`, `TransformerError`
        If there is no such biLM or transformer, or it cannot be downloaded.
    `DataError`
        If data is different; or missing, of a task that was asked for by name, or of all.
    """
    profile, table = find_profile(request.profile), find_table(request.table)
    if request.seeds < 1:
        raise ReproductionError(f"--seeds is {request.seeds}; it must be at least 1.")
    chosen = profile.chosen(table, request.tasks)
    if not chosen:
        raise ReproductionError(f'The profile "{profile.name}" has no task of {table.name}; name some with --tasks.')
    bilm = request.bilm or profile.bilm
    if transformer_of(bilm) is None and not files_to_download(bilm):
        find_bilm(bilm)
    cells, composed = _compose_all(profile, table, chosen, bilm)
    folder = request.data or str(_default_data(profile))
    left_out = _left_out(request, composed, profile, folder, bilm)
    for line in left_out.values():
        tell(line)
    cells = {name: variants for name, variants in cells.items() if name not in left_out}
    composed = [one for one in composed if one.experiment.name in cells]
    digests = {name: sha256(Path(folder, name)) for name in _data_of(composed, profile)}
    bilms = {name: _digest(name) for name in {bilm, *(one.experiment.bilm for one in composed if one.experiment.bilm)}}
    said = _said(request, bilm, bilms[bilm], cells)
    _write(request.out, said)
    return [
        _make_run(one, seed, profile, folder, digests, bilms[one.experiment.bilm or bilm], request.out)
        for seed in range(1, request.seeds + 1)
        for one in composed
        if seed == 1 or one.experiment.is_seeded
    ]


def _default_data(profile: Profile) -> Path:
    """Where the shipped configs look for it, seen from the clone."""
    root = clone_root()
    return Path(profile.data) if root == Path.cwd() else root / profile.data


def _data_of(composed: Sequence[_Composed], profile: Profile) -> list[str]:
    """The files that configs read, each once."""
    return list(dict.fromkeys(name for one in composed for name in data_files(one.config, profile.data)))


def _left_out(
    request: Request, composed: Sequence[_Composed], profile: Profile, folder: str, bilm: str
) -> dict[str, str]:
    """
    The tasks whose data are missing, and of each a line that says so.

    # Raises

    `DataError`
        Where these were asked for, or are all; or where data are there and different.
    """
    problems = find_problems(profile.corpora, folder, _data_of(composed, profile))
    found: dict[str, dict[Problem, None]] = {}
    for one in composed:
        for name in data_files(one.config, profile.data):
            if name in problems:
                found.setdefault(one.experiment.name, {})[problems[name]] = None
    is_damage = not all(problem.is_missing for problem in problems.values())
    are_all = len(found) == len({one.experiment.name for one in composed})
    if found and (request.tasks is not None or is_damage or are_all):
        raise _data_error(problems, folder, bilm)
    return {task: f"{task} is left out, as its data are not there: {in_one_line(found[task])}" for task in found}


def _data_error(problems: Mapping[str, Problem], folder: str, bilm: str) -> DataError:
    """Of all data; it says too what of the biLM is missing."""
    error = all_told(problems, folder)
    if not (missing := files_to_download(bilm)):
        return error
    lines = [
        f'And the biLM "{bilm}" is to be downloaded, which the first run does:',
        *map("  {}: missing".format, missing),
    ]
    return DataError("\n".join([str(error), *lines]))


def _digest(name: str) -> str:
    """Of a biLM's files, or of a transformer."""
    if (transformer := transformer_of(name)) is not None:
        return bilm_digest(read_transformer(transformer))
    digest = hashlib.sha256()
    for file in find_bilm(name):
        digest.update(sha256(file).encode())
    return digest.hexdigest()


def _compose_all(
    profile: Profile, table: PaperTable, experiments: Sequence[Experiment], bilm: str
) -> tuple[dict[str, dict[str, str]], list[_Composed]]:
    """Experiment -> variant -> config's name; and the configs, each once."""
    cells: dict[str, dict[str, str]] = {}
    composed: dict[str, _Composed] = {}
    for experiment in experiments:
        for variant in table_variants(table, profile.fractions):
            name, config = compose(profile, experiment, variant, bilm)
            cells.setdefault(experiment.name, {})[variant.name] = name
            name = f"{experiment.name}/{name}"
            composed.setdefault(name, _Composed(name, experiment, config))
    return cells, list(composed.values())


def _make_run(
    composed: _Composed,
    seed: int,
    profile: Profile,
    folder: str,
    digests: Mapping[str, str],
    digest: str,
    out: Path,
) -> Run:
    config, experiment = with_seed(composed.config, seed), composed.experiment
    identity = json.loads(json.dumps(config))
    files = {name: digests[name] for name in data_files(config, profile.data)}
    if get_at(config, experiment.elmo_field) is not None:
        # Known by its content, wherever it is.
        elmo = get_at(identity, experiment.elmo_field)
        if "transformer" in elmo:
            identity = _renamed(identity, elmo["transformer"], f"sha256:{digest}")
        else:
            elmo["bilm"] = f"sha256:{digest}"
        if profile.keep_layers and experiment.module is None:
            # In full precision: what they are read from makes no difference to the result.
            cache = {"path": str(out / _LAYERS), "dtype": "float32"}
            set_at(config, f"{experiment.elmo_field}.cache", cache)
    name = f"{composed.name}/seed{seed}"
    config = relocated(config, profile.data, folder)
    return Run(name, out / name, config, make_identity(identity, files, experiment.module), experiment.module)


def _renamed(value: Any, transformer: str, name: str) -> Any:
    """A config in which a transformer, in the embedder and the indexers, has another name."""
    if isinstance(value, dict):
        return {
            key: name if key == "transformer" and part == transformer else _renamed(part, transformer, name)
            for key, part in value.items()
        }
    return [_renamed(part, transformer, name) for part in value] if isinstance(value, list) else value


def _said(request: Request, bilm: str, digest: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    """What is in the folder's experiments.json, with this request. Raises `ReproductionError`."""
    said = read_experiments(request.out) or {
        "profile": request.profile,
        "data": None,
        "bilm": bilm,
        "bilm_digest": digest,
        "tables": {},
    }
    if said["profile"] != request.profile:
        raise _other_experiments(request.out, "profile", said["profile"], request.profile)
    # Whatever its name: it is known by its content.
    if said["bilm_digest"] != digest:
        before, now = f"{said['bilm']} ({said['bilm_digest'][:12]})", f"{bilm} ({digest[:12]})"
        raise _other_experiments(request.out, "biLM", before, now)
    said["data"] = request.data
    tasks = said["tables"].setdefault(request.table, {"tasks": {}})["tasks"]
    for name, variants in cells.items():
        asked = {"seeds": request.seeds, "data": request.data}
        if name in tasks and tasks[name]["seeds"] > request.seeds:
            # The command that made all its trainings is that of the call that wanted the most.
            asked = {key: tasks[name][key] for key in asked}
        tasks[name] = asked | {"cells": variants}
    return said


def _other_experiments(out: Path, what: str, before: str, now: str) -> ReproductionError:
    return ReproductionError(
        f"{out} holds experiments with the {what} {before}, not {now}: choose another folder with -o."
    )


def read_experiments(out: Path) -> dict[str, Any] | None:
    """
    What a folder's trainings are for; None where there are none.

    `profile`, `bilm`, `bilm_digest`, `data` of the last call, and `tables`: of each, `tasks`: of each, `seeds` and
    `data` of the call that wanted the most seeds, and `cells`, variant to experiment.
    """
    path = out / _EXPERIMENTS
    if not path.exists():
        return None
    said = read_object(path, ReproductionError, profile=str, bilm=str, bilm_digest=str, data=str | None, tables=dict)
    return said | {"tables": {name: _by_task(table, said["data"]) for name, table in said["tables"].items()}}


def _by_task(table: dict[str, Any], data: str | None) -> dict[str, Any]:
    """Earlier versions kept the seeds of a whole table, and the data of the whole folder."""
    if "seeds" not in table:
        return table
    asked = {"seeds": table["seeds"], "data": data}
    return {"tasks": {task: asked | {"cells": cells} for task, cells in table["tasks"].items()}}


def _write(out: Path, said: Mapping[str, Any]) -> None:
    with writing(out / _EXPERIMENTS) as temporary:
        temporary.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    with writing(out / ".gitignore") as temporary:
        temporary.write_text(_IGNORED, encoding="utf-8")
