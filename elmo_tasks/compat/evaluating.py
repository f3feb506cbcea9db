"""
The command `evaluate`.

What it mends: AllenNLP 2.10.1, whatever the libraries, puts `--batch-size` beside a batch sampler, which excludes it;
takes it for granted that an archive's config has a data loader, which one of 0.9 has not; and takes each comma for one
between two files.
How one sees it: `batch_sampler option is mutually exclusive with batch_size`; `TypeError` about None; `mine.{en`, which
is not found.
Until when: as long as AllenNLP is used.
"""

import json
import re
from typing import Any

from allennlp.commands import evaluate
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader

from elmo_tasks.compat.replacing import replacement, stock_of
from elmo_tasks.configs.old import check_not_old

_NAME = re.compile(r"(?:\{[^{}]*\}|[^,])+")


def apply() -> None:
    """Applies all of it."""
    evaluate_in_batches()
    name_missing_data_loaders()
    take_parallel_files()


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
