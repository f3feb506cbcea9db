from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import Params
from allennlp.data import DatasetReader
from allennlp.models import Model

from elmo_tasks.reproduce.compose import compose
from elmo_tasks.reproduce.errors import ReproductionError
from elmo_tasks.reproduce.profiles import PROFILES, Profile
from elmo_tasks.reproduce.tables import (
    BASELINE,
    BOTH,
    ELMO,
    INPUT,
    LAMBDA_0_001,
    LAMBDA_1,
    LAST,
    OUTPUT,
    TABLES,
    Variant,
    table_variants,
)
from elmo_tasks.runner.configs import data_files, with_seed
from elmo_tasks.tasks import cards
from elmo_tasks.tasks.base.card import Card, Experiment

EVERY_EXPERIMENT = [
    (PROFILES[name], card, experiment)
    for card in cards()
    for name, experiments in card.experiments.items()
    for experiment in experiments
]
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(("profile", "card", "experiment"), EVERY_EXPERIMENT, ids=lambda one: one.name)
def test_each_experiment_is_whole(profile: Profile, card: Card, experiment: Experiment) -> None:
    """Its two configs, their metric, the files of their data, and their names, which AllenNLP must know."""
    known = {name for corpus in card.corpora[profile.name] for name in corpus.files}
    for variant in (BASELINE, ELMO):
        _, config = compose(profile, experiment, variant, profile.bilm)
        assert config["trainer"]["validation_metric"] == f"+{experiment.metric}"
        assert ("elmo" in config["model"]) == variant.has_elmo
        files = data_files(config, profile.data)
        assert len(files) >= 2
        assert set(files) <= known
        assert config["dataset_reader"]["type"] in DatasetReader.list_available()
        assert config["model"]["type"] in Model.list_available()
    assert any(experiment in profile.chosen(table) for table in TABLES.values())


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
    for profile, _, task in EVERY_EXPERIMENT:
        name, config = compose(profile, task, variant, profile.bilm)
        elmo_name, elmo = compose(profile, task, ELMO, profile.bilm)
        is_same = elmo["model"]["elmo"][field] == value
        assert elmo_name == "elmo"
        assert name == ("elmo" if is_same else f"elmo-{field}-{value}")
        elmo["model"]["elmo"][field] = value
        assert config == elmo


def test_smoke_is_small() -> None:
    for task in PROFILES["smoke"].experiments:
        if task.module is not None:
            continue
        _, config = compose(PROFILES["smoke"], task, ELMO, "mini")
        assert config["trainer"]["num_epochs"] == 2
        assert config["dataset_reader"]["max_instances"] == 32


def test_a_part_of_the_training_data() -> None:
    profile = PROFILES["open"]
    task = next(task for task in profile.experiments if task.name == "ner-wnut17")
    variants = table_variants(TABLES["figure1"], profile.fractions)
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
    task = next(task for task in profile.experiments if task.name == "ner")
    profile = replace(profile, overrides={**profile.overrides, "data_loader.batch_sampler.batch_size": 8})
    seeds = ("random_seed", "numpy_seed", "pytorch_seed")
    sizes = []
    for number, variant in enumerate((table_variants(TABLES["figure1"], profile.fractions)[0], BASELINE)):
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
    squad = profile.experiments[0]
    _, whole = compose(profile, squad, BASELINE, "mini")
    _, part = compose(profile, squad, table_variants(TABLES["figure1"], profile.fractions)[0], "mini")
    assert part["validation_dataset_reader"] == whole["validation_dataset_reader"]


TRAINED = Experiment("toy", "Toy", "NER", "f1", "toy/baseline", "toy/elmo")


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with configs of its own; the clone's are found from there too."""
    folder = tmp_path / "training_configs" / "toy"
    folder.mkdir(parents=True)
    (folder / "elmo.jsonnet").write_text('{ model: { embedder: { elmo: { place: "input" } } }, probe: {} }')
    (folder / "baseline.jsonnet").write_text("{ model: {} }")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.usefixtures("toy")
def test_the_experiment_says_where_elmo_is_in_its_config() -> None:
    experiment = replace(TRAINED, elmo_field="model.embedder.elmo")
    name, config = compose(PROFILES["smoke"], experiment, OUTPUT, "mini")
    assert name == "elmo-place-output"
    assert config["model"]["embedder"]["elmo"] == {"place": "output", "bilm": "mini"}
    with pytest.raises(
        ReproductionError, match=r'toy/elmo has no "model\.embedder\.elmo\.layers".*"last layer only" of toy'
    ):
        compose(PROFILES["smoke"], experiment, LAST, "mini")
    with pytest.raises(ReproductionError, match=r'toy/elmo has no "model\.elmo"'):
        compose(PROFILES["smoke"], TRAINED, ELMO, "mini")
    with pytest.raises(ReproductionError, match=r"no config .*toy/nothing\.jsonnet"):
        compose(PROFILES["smoke"], replace(TRAINED, baseline="toy/nothing"), BASELINE, "mini")
    assert compose(PROFILES["smoke"], PROFILES["smoke"].experiments[0], BASELINE, "mini")[0] == "baseline"


@pytest.mark.usefixtures("toy")
def test_what_is_not_a_training_keeps_its_config() -> None:
    probe = replace(TRAINED, elmo_field="probe", module="toy.probe")
    assert compose(PROFILES["smoke"], probe, BASELINE, "mini")[1] == {"model": {}}
    assert compose(PROFILES["smoke"], probe, ELMO, "mini")[1]["probe"] == {"bilm": "mini"}
    with pytest.raises(ReproductionError, match="toy is no training"):
        compose(PROFILES["smoke"], probe, replace(BASELINE, fraction=0.5), "mini")
