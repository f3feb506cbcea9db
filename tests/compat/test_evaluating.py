import pytest
from allennlp.commands import evaluate
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader

from elmo_tasks.compat import evaluating


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"batch_sampler": {"type": "bucket", "batch_size": 2}},
            {"batch_sampler": {"type": "bucket", "batch_size": 7}},
        ),
        ({"batch_sampler": {"type": "max_tokens_sampler", "max_tokens": 9}}, {"batch_size": 7}),
        ({"batch_size": 2, "shuffle": True}, {"batch_size": 7, "shuffle": True}),
    ],
)
def test_evaluates_batch_size_counts_with_any_sampler(
    given: dict, expected: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(DataLoader, "from_params", lambda params, **extras: asked.append(params.as_dict(quiet=True)))
    params = Params(given)
    # As the command does.
    params["batch_size"] = 7
    evaluate.DataLoader.from_params(params=params, reader=None, data_path="")
    assert asked == [expected]


def test_an_archive_without_data_loader() -> None:
    class Archive:
        config = Params({"iterator": {"type": "basic"}})

    load = evaluating._with_data_loader(lambda archive_file: Archive)
    with pytest.raises(ConfigurationError, match=r'model\.tar\.gz is a config of AllenNLP 0\.9.*"iterator"'):
        load("model.tar.gz")
    Archive.config = Params({})
    with pytest.raises(ConfigurationError, match=r'The config of model\.tar\.gz has no "data_loader"'):
        load("model.tar.gz")
    Archive.config = Params({"data_loader": {"batch_size": 1}})
    assert load("model.tar.gz") is Archive
