import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.data import DatasetReader
from allennlp.models import Model

from elmo_tasks.reproduce import published
from elmo_tasks.reproduce.corpora import CORPORA
from elmo_tasks.reproduce.experiments import (
    BASELINE,
    BOTH,
    ELMO,
    INPUT,
    LAMBDA_0_001,
    LAMBDA_1,
    LAST,
    OUTPUT,
    PROFILES,
    TABLES,
    UNFINISHED,
    Profile,
    ReproductionError,
    Task,
    Variant,
    choose_tasks,
    compose,
    data_files,
    find_profile,
    find_table,
    get_at,
    relocated,
    set_at,
    table_variants,
    with_seed,
)

EVERY_TASK = [(profile, task) for profile in PROFILES.values() for task in profile.tasks]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(("profile", "task"), EVERY_TASK, ids=lambda one: one.name)
def test_each_task_is_whole(profile: Profile, task: Task) -> None:
    """Its two configs, their metric, the files of their data, and their names, which AllenNLP must know."""
    known = {name for corpus in CORPORA[profile.name] for name in corpus.files}
    for variant in (BASELINE, ELMO):
        _, config = compose(profile, task, variant, profile.bilm)
        assert config["trainer"]["validation_metric"] == f"+{task.metric}"
        assert ("elmo" in config["model"]) == variant.has_elmo
        files = data_files(config, profile.data)
        assert len(files) >= 2
        assert set(files) <= known
        assert config["dataset_reader"]["type"] in DatasetReader.list_available()
        assert config["model"]["type"] in Model.list_available()
    assert task.row in published.TASKS
    assert len({one.name for one in profile.tasks}) == len(profile.tasks)


def tables_2_and_3() -> list[tuple[Variant, str, Any]]:
    return [
        (LAST, "layers", "last"),
        (LAMBDA_1, "scalar_l2", 1),
        (LAMBDA_0_001, "scalar_l2", 0.001),
        (INPUT, "place", "input"),
        (BOTH, "place", "both"),
        (OUTPUT, "place", "output"),
    ]


@pytest.mark.parametrize(("variant", "field", "value"), tables_2_and_3(), ids=lambda one: getattr(one, "name", ""))
def test_a_variant_changes_one_field(variant: Variant, field: str, value: Any) -> None:
    for profile, task in EVERY_TASK:
        name, config = compose(profile, task, variant, profile.bilm)
        elmo_name, elmo = compose(profile, task, ELMO, profile.bilm)
        is_same = elmo["model"]["elmo"][field] == value
        assert elmo_name == "elmo"
        assert name == ("elmo" if is_same else f"elmo-{field}-{value}")
        elmo["model"]["elmo"][field] = value
        assert config == elmo


def test_the_paper_has_a_figure_for_each_cell() -> None:
    for name, cells in published.CELLS.items():
        table = TABLES[name]
        assert list(cells) == list(table.rows)
        for figures in cells.values():
            variants = [variant.name for variant in table.variants]
            # Table 3 has no baseline; it is table 2's.
            assert list(figures) == (variants if name != "table3" else variants[1:])


def test_smoke_is_small() -> None:
    for task in PROFILES["smoke"].tasks:
        _, config = compose(PROFILES["smoke"], task, ELMO, "mini")
        assert config["trainer"]["num_epochs"] == 2
        assert config["dataset_reader"]["max_instances"] == 32


def test_a_part_of_the_training_data() -> None:
    profile = PROFILES["open"]
    task = next(task for task in profile.tasks if task.name == "ner-wnut17")
    variants = table_variants(TABLES["figure1"], profile)
    assert [variant.name for variant in variants[:3]] == ["baseline-0.1", "elmo-0.1", "baseline-0.2"]
    assert [compose(profile, task, variant, "mini")[0] for variant in variants[-4:]] == [
        "baseline-data-0.5",
        "elmo-data-0.5",
        "baseline",
        "elmo",
    ]
    _, whole = compose(profile, task, BASELINE, "mini")
    _, part = compose(profile, task, variants[0], "mini")
    assert part["validation_dataset_reader"] == part["dataset_reader"]["base_reader"] == whole["dataset_reader"]
    reader = DatasetReader.from_params(Params(with_seed(part, 3)["dataset_reader"]))
    assert (reader._fraction, reader._seed) == (0.1, 3)
    assert part["validation_data_loader"] == whole["validation_data_loader"]
    assert part["data_loader"] == whole["data_loader"] | {"type": "elmo_sampled", "fraction": 0.1}


def test_a_part_has_epochs_as_long_as_the_whole_in_training_only(tmp_path: Path) -> None:
    profile = PROFILES["smoke"]
    task = next(task for task in profile.tasks if task.name == "ner")
    profile = replace(profile, overrides={**profile.overrides, "data_loader.batch_sampler.batch_size": 8})
    seeds = ("random_seed", "numpy_seed", "pytorch_seed")
    sizes = []
    for number, variant in enumerate((table_variants(TABLES["figure1"], profile)[0], BASELINE)):
        _, config = compose(profile, task, variant, "mini")
        config = {name: value for name, value in config.items() if name not in seeds}
        loop = TrainModel.from_params(Params(config), serialization_dir=str(tmp_path / str(number)), local_rank=0)
        instances = len(list(loop.trainer.data_loader.iter_instances()))
        sizes.append((instances, len(loop.trainer.data_loader), len(loop.trainer._validation_data_loader)))
    (half, *batches_of_half), (whole, *batches_of_whole) = sizes
    assert (half, whole) == (16, 32)
    assert batches_of_half == batches_of_whole
    assert batches_of_whole[0] == 4


def test_a_part_of_data_keeps_its_own_validation_reader() -> None:
    profile = PROFILES["open"]
    squad = profile.tasks[0]
    _, whole = compose(profile, squad, BASELINE, "mini")
    _, part = compose(profile, squad, table_variants(TABLES["figure1"], profile)[0], "mini")
    assert part["validation_dataset_reader"] == whole["validation_dataset_reader"]


def test_seeds() -> None:
    config = {"random_seed": 1, "dataset_reader": {"type": "x"}}
    assert with_seed(config, 7) == {
        "random_seed": 7,
        "numpy_seed": 7,
        "pytorch_seed": 7,
        "dataset_reader": {"type": "x"},
    }
    assert config["random_seed"] == 1


def test_another_folder_of_data() -> None:
    config = {"a": "data/x.txt", "b": [{"c": "data/y.txt", "d": "database", "e": 3}], "f": "data/x.txt", "g": "/data/z"}
    assert data_files(config, "data") == ["x.txt", "y.txt"]
    assert relocated(config, "data", "/mine") == {
        "a": "/mine/x.txt",
        "b": [{"c": "/mine/y.txt", "d": "database", "e": 3}],
        "f": "/mine/x.txt",
        "g": "/data/z",
    }


def test_dotted_fields() -> None:
    config: dict[str, Any] = {"a": {"b": 1}}
    set_at(config, "a.c.d", 2)
    assert json.dumps(config) == '{"a": {"b": 1, "c": {"d": 2}}}'
    assert get_at(config, "a.c.d") == 2
    assert get_at(config, "a.b.d") is None
    assert get_at(config, "x.y") is None


def test_tasks_of_a_table() -> None:
    profile = PROFILES["open"]
    assert [task.name for task in choose_tasks(profile, TABLES["table3"])] == ["squad", "snli", "snli-glove"]
    assert len(choose_tasks(profile, TABLES["table1"])) == len(profile.tasks)
    assert [task.name for task in choose_tasks(profile, TABLES["table2"], ["ner-wikigold"])] == ["ner-wikigold"]


def test_unknown_names_are_said_with_those_there_are() -> None:
    with pytest.raises(ReproductionError, match='no table "table9"; there are: table1, table2'):
        find_table("table9")
    with pytest.raises(ReproductionError, match="does not have yet: word sense"):
        find_table("table5")
    with pytest.raises(ReproductionError, match='no profile "large"; there are: paper, open, smoke'):
        find_profile("large")
    with pytest.raises(ReproductionError, match='"smoke" has no task "srl"; it has: squad, snli, ner'):
        choose_tasks(PROFILES["smoke"], TABLES["table1"], ["srl"])
    assert not set(UNFINISHED) & set(TABLES)
