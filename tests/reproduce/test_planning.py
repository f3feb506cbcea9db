import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from elmo_tasks.bilm.pretrained import PretrainedError, find_bilm
from elmo_tasks.reproduce.data_checks import DataError
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.planning import Request, plan, read_experiments
from elmo_tasks.reproduce.profiles import find_profile
from elmo_tasks.reproduce.tables import find_table

ROOT = Path(__file__).parents[2]


@pytest.fixture
def request_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Request:
    monkeypatch.chdir(ROOT)
    return Request("table1", "smoke", tmp_path / "out", seeds=2, tasks=["ner"])


def test_a_plan(request_: Request) -> None:
    runs = plan(request_)
    assert [run.name for run in runs] == [
        "ner/baseline/seed1",
        "ner/elmo/seed1",
        "ner/baseline/seed2",
        "ner/elmo/seed2",
    ]
    elmo = runs[3]
    assert elmo.folder == request_.out / "ner" / "elmo" / "seed2"
    assert elmo.config["random_seed"] == 2
    assert elmo.config["model"]["elmo"]["bilm"] == "mini"
    assert (ROOT / elmo.config["train_data_path"]).samefile(ROOT / "fixtures" / "ner" / "train.txt")
    assert len({run.digest for run in runs}) == 4
    experiments = read_experiments(request_.out)
    assert experiments is not None
    cells = {"baseline": "baseline", "elmo": "elmo"}
    assert experiments["tables"] == {"table1": {"tasks": {"ner": {"seeds": 2, "data": None, "cells": cells}}}}
    ignored = (request_.out / ".gitignore").read_text().splitlines()
    assert {"run/", elmo.config_file.name, elmo.log.name, elmo.starts_file.name} <= set(ignored)
    assert "record.json" not in ignored


def test_tables_share_their_trainings(request_: Request) -> None:
    table_1 = {run.name: run.digest for run in plan(replace(request_, tasks=["snli"]))}
    table_3 = {run.name: run.digest for run in plan(replace(request_, table="table3", tasks=["snli"]))}
    # ESIM has ELMo at both places, so that two of table 3's four variants are table 1's.
    assert len(table_3) == 8
    assert table_1.items() <= table_3.items()
    experiments = read_experiments(request_.out)
    assert experiments is not None
    assert experiments["tables"]["table3"]["tasks"]["snli"]["cells"] == {
        "baseline": "baseline",
        "input": "elmo-place-input",
        "both": "elmo",
        "output": "elmo-place-output",
    }


def test_the_identity_does_not_depend_on_the_place_of_the_data(request_: Request, tmp_path: Path) -> None:
    data = shutil.copytree(ROOT / "fixtures", tmp_path / "elsewhere")
    bilm = tmp_path / "bilm"
    bilm.mkdir()
    for file in find_bilm("mini"):
        shutil.copy(file, bilm)
    here = plan(request_)
    # So the folder is the same too.
    there = plan(replace(request_, data=str(data), bilm=str(bilm)))
    assert [run.digest for run in here] == [run.digest for run in there]
    assert there[1].config["model"]["elmo"]["bilm"] == str(bilm)
    assert there[1].config["train_data_path"] == str(data / "ner" / "train.txt")
    assert str(tmp_path) not in json.dumps(there[1].identity)


def test_trainings_share_the_layers_on_disk(request_: Request) -> None:
    """And what is kept there in full precision is no part of the identity."""
    baseline, elmo, _, other_seed = plan(request_)
    assert elmo.config["model"]["elmo"]["cache"] == {"path": str(request_.out / "layers"), "dtype": "float32"}
    assert other_seed.config["model"]["elmo"] == elmo.config["model"]["elmo"]
    assert "elmo" not in baseline.config["model"]
    assert "cache" not in elmo.identity["config"]["model"]["elmo"]
    assert "layers/" in (request_.out / ".gitignore").read_text().splitlines()


def asked(out: Path) -> dict[str, tuple[int, str | None]]:
    """The seeds and the data of table 1's tasks."""
    experiments = read_experiments(out)
    assert experiments is not None
    tasks = experiments["tables"]["table1"]["tasks"]
    return {name: (task["seeds"], task["data"]) for name, task in tasks.items()}


def test_more_seeds_and_tasks_are_added(request_: Request) -> None:
    """Each task's are those of the call that wanted the most seeds of it, or of the last such call."""
    data = str(ROOT / "fixtures")
    plan(replace(request_, data=data))
    plan(replace(request_, tasks=["snli"], seeds=1))
    assert asked(request_.out) == {"ner": (2, data), "snli": (1, None)}
    plan(replace(request_, tasks=["ner", "snli"], seeds=1, data=data))
    assert asked(request_.out) == {"ner": (2, data), "snli": (1, data)}
    plan(replace(request_, seeds=3))
    assert asked(request_.out) == {"ner": (3, None), "snli": (1, data)}


def test_an_earlier_versions_folder_is_added_to(request_: Request) -> None:
    """It kept the seeds of a whole table, and the data of the last call."""
    plan(request_)
    path = request_.out / "experiments.json"
    said = json.loads(path.read_text())
    tables = {"table1": {"seeds": 3, "tasks": {"ner": {"baseline": "baseline", "elmo": "elmo"}}}}
    path.write_text(json.dumps(said | {"data": "elsewhere", "tables": tables}))
    assert asked(request_.out) == {"ner": (3, "elsewhere")}
    plan(replace(request_, tasks=["snli"], seeds=1))
    assert asked(request_.out) == {"ner": (3, "elsewhere"), "snli": (1, None)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "table7"}, "no table"),
        ({"profile": "huge"}, "no profile"),
        ({"tasks": ["parsing"]}, "no task"),
        ({"seeds": 0}, "--seeds is 0"),
    ],
)
def test_what_cannot_be(request_: Request, change: dict[str, object], message: str) -> None:
    with pytest.raises(ReproductionError, match=message):
        plan(replace(request_, **change))
    assert not request_.out.exists()


def test_a_bilm_that_is_not_there(request_: Request) -> None:
    with pytest.raises(PretrainedError, match='no biLM "huge"'):
        plan(replace(request_, bilm="huge"))


def test_data_that_is_not_there(request_: Request, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ner/train\.txt: missing"):
        plan(replace(request_, data=str(tmp_path / "nowhere")))
    assert not request_.out.exists()


def test_all_that_is_missing_is_said_at_once(
    request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELMO_TASKS_CACHE", str(tmp_path / "cache"))
    nowhere = tmp_path / "nowhere"
    with pytest.raises(DataError) as raised:
        plan(replace(request_, profile="paper", tasks=None, data=str(nowhere)))
    message = str(raised.value)
    assert message.startswith(f"The data in {nowhere} (there is no such folder; --data names another) is not what")
    for file in ("conll2003/eng.train", "snli_1.0/snli_1.0_dev.jsonl", "squad/dev-v1.1.json", "glove.6B.50d.txt"):
        assert f"  {file}: missing\n" in message
    # The biLM, which is not downloaded for nothing.
    for name in ("options.json", "weights.hdf5"):
        assert f"  {tmp_path / 'cache/original' / name}: missing" in message
    assert not (tmp_path / "cache").exists()


def test_tasks_without_data_are_left_out_unless_they_were_asked_for(request_: Request, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "fixtures" / "ner", data / "ner")
    shutil.copytree(ROOT / "fixtures" / "snli", data / "snli")
    (data / "snli" / "dev.jsonl").unlink()
    lines: list[str] = []
    runs = plan(replace(request_, tasks=None, data=str(data), seeds=1), lines.append)
    assert [run.name for run in runs] == ["ner/baseline/seed1", "ner/elmo/seed1"]
    told = {line.partition(" is left out, as its data are not there: ")[0]: line for line in lines}
    others = {one.name for one in find_profile("smoke").chosen(find_table("table1"))} - {"ner"}
    assert told.keys() == others
    assert "squad/train.json: missing" in told["squad"]
    assert "snli/dev.jsonl: missing" in told["snli"]
    assert all("Licence: " in line and "\n" not in line for line in lines)
    experiments = read_experiments(request_.out)
    assert experiments is not None
    assert list(experiments["tables"]["table1"]["tasks"]) == ["ner"]
    with pytest.raises(DataError, match=r"squad/train\.json: missing"):
        plan(replace(request_, tasks=["ner", "squad"], data=str(data)))


def test_a_task_whose_data_are_cut_off_is_not_left_out(request_: Request, tmp_path: Path) -> None:
    data = Path(shutil.copytree(ROOT / "fixtures", tmp_path / "data"))
    train = data / "snli" / "train.jsonl"
    train.write_text("".join(train.read_text().splitlines(keepends=True)[:-5]))
    with pytest.raises(DataError, match=r"snli/train\.jsonl: .* where there should be 16"):
        plan(replace(request_, tasks=None, data=str(data), seeds=1))


def test_where_the_data_is_looked_for(request_: Request) -> None:
    with pytest.raises(DataError, match=f"The data in {ROOT / 'data'} "):
        plan(replace(request_, profile="paper"))


def test_a_folder_is_for_one_profile_and_one_bilm(request_: Request) -> None:
    plan(request_)
    path = request_.out / "experiments.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps(said | {"bilm_digest": "0" * 64}))
    with pytest.raises(ReproductionError, match=r"the biLM mini \(000000000000\), not mini"):
        plan(request_)
    path.write_text(json.dumps(said | {"profile": "open"}))
    with pytest.raises(ReproductionError, match="the profile open, not smoke"):
        plan(request_)


def test_a_transformer(request_: Request, bert: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(bert, tmp_path / "copied")
    plans = [
        plan(replace(request_, bilm=bilm, out=tmp_path / str(number)))
        for number, bilm in enumerate((str(bert), f"transformer:{copied}", None))
    ]
    elmo = plans[0][1].config
    assert elmo["model"]["elmo"]["transformer"] == str(bert)
    assert "bilm" not in elmo["model"]["elmo"]
    indexer = {"type": "elmo_transformer_ids", "transformer": str(bert)}
    assert elmo["dataset_reader"]["token_indexers"]["elmo"] == indexer
    # Known by its content, wherever it is.
    digests = [[run.digest for run in runs] for runs in plans]
    assert digests[0] == digests[1]
    assert [one == other for one, other in zip(digests[0], digests[2], strict=True)] == [True, False, True, False]
