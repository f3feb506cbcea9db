import json

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


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("dev.tsv", ["dev.tsv"]),
        ("one.tsv,two.tsv", ["one.tsv", "two.tsv"]),
        ("mt/dev.{en,de}.gz", ["mt/dev.{en,de}.gz"]),
        ("dev.{en,de},söz.tsv,test.{en,de}", ["dev.{en,de}", "söz.tsv", "test.{en,de}"]),
        ("odd{.tsv,two.tsv", ["odd{.tsv", "two.tsv"]),
        ('"a,b.tsv", {"en": "a"}', ["a,b.tsv", {"en": "a"}]),
    ],
)
def test_a_comma_in_braces_is_the_names_own(inputs: str, expected: list, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock's command gets JSON, of which it makes this list."""
    asked = []
    monkeypatch.setattr(evaluate, "evaluate_from_archive", lambda archive, given, **more: asked.append(given))
    evaluating.take_parallel_files()
    evaluate.evaluate_from_archive("model.tar.gz", inputs, cuda_device=-1)
    assert json.loads(f"[{asked[0]}]") == evaluating.listed(inputs) == expected
