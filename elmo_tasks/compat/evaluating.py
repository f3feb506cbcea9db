"""
The command `evaluate`.

What it mends: AllenNLP 2.10.1, whatever the libraries, puts `--batch-size` beside a batch sampler, which excludes it;
takes it for granted that an archive's config has a data loader, which one of 0.9 has not; takes each comma for one
between two files; and looks at the files that it writes when all is computed.
How one sees it: `batch_sampler option is mutually exclusive with batch_size`; `TypeError` about None; `mine.{en`, which
is not found; `AssertionError`; an input that has become metrics.
Until when: as long as AllenNLP is used.
"""

import argparse
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from allennlp.commands import evaluate
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader

from elmo_tasks.compat.replacing import replacement, stock_of
from elmo_tasks.files import named_files
from elmo_tasks.old_configs import check_not_old

_NAME = re.compile(r"(?:\{[^{}]*\}|[^,])+")


def apply() -> None:
    """Applies all of it."""
    evaluate_in_batches()
    name_missing_data_loaders()
    take_parallel_files()
    check_outputs_first()


def evaluate_in_batches() -> None:
    """
    Lets `allennlp evaluate --batch-size` be used with a data loader that has a batch sampler, "bucket" say: the sampler
    gets the batch size, or goes if it has none.

    What broke: `ConfigurationError: batch_sampler option is mutually exclusive with batch_size`.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    evaluate.DataLoader = _EvaluationLoader  # type: ignore[assignment, misc]


class _EvaluationLoader:
    """Stands for `DataLoader` in the command `evaluate`."""

    @staticmethod
    def from_params(params: Params, **extras: Any) -> DataLoader:
        sampler = params.get("batch_sampler")
        if sampler is not None and params.get("batch_size") is not None:
            if "batch_size" in sampler:
                sampler["batch_size"] = params.pop("batch_size")
            else:
                params.pop("batch_sampler")
        return DataLoader.from_params(params=params, **extras)


def name_missing_data_loaders() -> None:
    """
    Has `allennlp evaluate` say that an archive's config has no data loader, and of one of AllenNLP 0.9 that it is one.

    What broke: `TypeError`, as None is taken for the data loader's config.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    evaluate.load_archive = _with_data_loader(stock_of(evaluate.load_archive))


def _with_data_loader(stock: Any) -> Any:
    def load_archive(archive_file: Any, *args: Any, **kwargs: Any) -> Any:
        archive = stock(archive_file, *args, **kwargs)
        if not any(archive.config.get(key) for key in ("data_loader", "validation_data_loader")):
            check_not_old(archive.config.params, archive_file)
            raise ConfigurationError(f'The config of {archive_file} has no "data_loader".')
        return archive

    return replacement(load_archive, stock)


def take_parallel_files() -> None:
    """
    Lets `allennlp evaluate` take two parallel files as one input, `mine.{en,de}`, as readers do.

    What broke: the comma is taken for one between two inputs, and `mine.{en` is not found.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    stock = stock_of(evaluate.evaluate_from_archive)

    def evaluate_from_archive(archive_file: Any, input_file: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        # In JSON, which stock's takes too, commas between names and in names are told apart.
        return stock(archive_file, ", ".join(map(json.dumps, listed(input_file))), *args, **kwargs)

    evaluate.evaluate_from_archive = replacement(evaluate_from_archive, stock)


def check_outputs_first() -> None:
    """
    Has `allennlp evaluate` look at the files that it is to write before it computes what goes into them: whether there
    is one an input, whether their folders are there, and whether one is the input.

    What broke: `AssertionError` where their number is wrong, the work of hours is lost where a folder is not there, and
    the metrics replace the input.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    stock = stock_of(evaluate.evaluate_from_args)

    def evaluate_from_args(args: argparse.Namespace) -> dict[str, Any]:
        inputs = listed(args.input_file)
        for given, unnamed in ((args.output_file, "METRICS"), (args.predictions_output_file, "PREDS")):
            if given is not None and args.auto_names not in (unnamed, "ALL"):
                _check_outputs(given.split(","), inputs)
        return stock(args)

    evaluate.evaluate_from_args = replacement(evaluate_from_args, stock)


def _check_outputs(outputs: list[str], inputs: list[Any]) -> None:
    if len(outputs) != len(inputs):
        raise ConfigurationError(
            f"{', '.join(outputs)}: there must be as many files to write as inputs, which are {len(inputs)}, with "
            "commas between them."
        )
    for output in outputs:
        if not Path(output).absolute().parent.is_dir():
            raise ConfigurationError(f"{output}: there is no such folder to write into.")
        check_other_file(output, [one for one in inputs if isinstance(one, str)])


def check_other_file(output: str, inputs: Iterable[str]) -> None:
    """Raises `ConfigurationError` where what is to be written would take the place of an input."""
    given = [Path(file) for one in inputs for file in named_files(one)]
    if Path(output).exists() and any(file.exists() and file.samefile(output) for file in given):
        raise ConfigurationError(f"{output} is the input: name another file for what is to be written.")


def listed(inputs: str) -> list[Any]:
    """
    What `evaluate` is given as its input, one by one: names of files with commas between them; or the like in JSON, for
    readers that want more than a name.
    """
    try:
        given: list[Any] = json.loads(f"[{inputs}]")
    except json.JSONDecodeError:
        return _NAME.findall(inputs)
    return given
