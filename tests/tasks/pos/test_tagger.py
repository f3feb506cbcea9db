"""The tagger of named entities on parts of speech."""

from collections.abc import Callable
from pathlib import Path

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.predictors import Predictor

from elmo_tasks.tasks.pos import ConlluReader
from task_setup import TaskSetup

FIXTURES = Path(__file__).parents[3] / "fixtures" / "pos"


@pytest.fixture
def make(experiment: Callable[..., Params]) -> Callable[[Path], TaskSetup]:
    """The experiment of training_configs/lib/pos.libsonnet at a tiny size, on a part of a file."""
    sizes = {"words": 5, "characters": 4, "filters": 6, "filter_width": 3, "hidden": 4, "layers": 1}
    training = {"batch_size": 2, "trainer": {"num_epochs": 1, "optimizer": "adam"}}
    overrides = {"dataset_reader.max_instances": 6, "model.dropout": 0.0}

    def make(path: Path) -> TaskSetup:
        return TaskSetup(experiment("pos", str(path), "both", overrides, sizes=sizes, training=training))

    return make


@pytest.fixture
def setup(make: Callable[[Path], TaskSetup]) -> TaskSetup:
    return make(FIXTURES / "train.conllu")


def test_learns_its_training_data(setup: TaskSetup) -> None:
    setup.train(60, lr=0.03)
    setup.run(setup.instances)
    assert setup.model.get_metrics(reset=True) == {"accuracy": 1.0}


def test_text_without_tags_is_predicted_and_not_learned_from(
    setup: TaskSetup, make: Callable[[Path], TaskSetup], tmp_path: Path
) -> None:
    path = tmp_path / "untagged.conllu"
    path.write_text("1\tAda" + "\t_" * 8 + "\n\n1\tNobody" + "\t_" * 8 + "\n")
    setup.model.eval()
    predictor = Predictor.by_name("elmo_tagger")(setup.model, setup.reader)
    reader = ConlluReader(setup.reader._token_indexers, tag_column=None)  # type: ignore[attr-defined]
    answers = predictor.predict_batch_instance(list(reader.read(str(path))))
    assert [answer["tokens"] for answer in answers] == [["Ada"], ["Nobody"]]
    with pytest.raises(ConfigurationError, match="no word has a upos"):
        make(path)


def test_predicts_tags_and_no_spans(setup: TaskSetup) -> None:
    setup.model.eval()
    predictor = Predictor.by_name("elmo_tagger")(setup.model, setup.reader)
    answer = predictor.predict_json({"tokens": ["Nobody", "answered", "."]})
    assert set(answer) == {"tokens", "tags"}
    assert set(answer["tags"]) <= set(setup.vocab.get_token_to_index_vocabulary("labels"))
