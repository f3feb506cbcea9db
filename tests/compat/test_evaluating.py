import json
from argparse import Namespace
from pathlib import Path

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


def evaluate_files(inputs: str, **more: str) -> None:
    arguments = {"input_file": inputs, "output_file": None, "predictions_output_file": None, "auto_names": "NONE"}
    evaluate.evaluate_from_args(Namespace(**{**arguments, **more}))


@pytest.mark.parametrize("kind", ["output_file", "predictions_output_file"])
def test_outputs_are_looked_at_first(kind: str, tmp_path: Path) -> None:
    for name in ("dev.en", "dev.de", "more.tsv"):
        (tmp_path / name).write_text("Ada left.\n")
    inputs = f"{tmp_path}/more.tsv,{tmp_path}/dev.{{en,de}}"
    for name in ("dev.en", "dev.de", "more.tsv"):
        with pytest.raises(ConfigurationError, match=f"{name} is the input: name another file"):
            evaluate_files(inputs, **{kind: f"{tmp_path}/one,{tmp_path}/{name}"})
    with pytest.raises(ConfigurationError, match="one: there must be as many files to write as inputs, which are 2"):
        evaluate_files(inputs, **{kind: f"{tmp_path}/one"})
    with pytest.raises(ConfigurationError, match="none/two: there is no such folder to write into"):
        evaluate_files(inputs, **{kind: f"{tmp_path}/one,{tmp_path}/none/two"})


def test_outputs_that_fit_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(evaluate, "evaluate_from_args", asked.append)
    evaluating.check_outputs_first()
    evaluate_files("a,b", output_file=f"{tmp_path}/one,{tmp_path}/two")
    # Stock's names them itself.
    evaluate_files("a,b", output_file=f"{tmp_path}/none/one", auto_names="METRICS")
    evaluate_files('{"en": "a", "de": "b"}', output_file="one.json")
    assert len(asked) == 3
