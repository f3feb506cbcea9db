"""A part of a dataset, for learning curves."""

import random
from collections.abc import Iterable
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Instance
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from overrides import overrides

from elmo_tasks.checks import check_count


def check_fraction(fraction: float) -> None:
    """Raises `ConfigurationError` unless it is above 0 and at most 1."""
    number = isinstance(fraction, int | float) and not isinstance(fraction, bool)
    if not (number and 0 < fraction <= 1):
        raise ConfigurationError(f"fraction is {fraction!r}; it must be a number above 0 and at most 1.")


@DatasetReader.register("elmo_sampled")
class SampledReader(DatasetReader):
    """
    A random part of what another reader reads (Peters et al. 2018, section 5.4 and figure 1).

    With one seed a smaller fraction is a part of a larger one, so that a learning curve adds instances and changes
    none; and two models with the same seed learn from the same instances. Their order is the file's.

    # Parameters

    base_reader : `DatasetReader`
    fraction : `float`
        Of the instances, above 0 and at most 1; at least one instance is read.
    seed : `int`

    # Raises

    `ConfigurationError`
        If the fraction or the seed is none.

    Registered as a `DatasetReader` with name "elmo_sampled".
    """

    def __init__(self, base_reader: DatasetReader, fraction: float, seed: int, **extras: Any) -> None:
        super().__init__(**extras)
        check_fraction(fraction)
        check_count(ConfigurationError, least=0, seed=seed)
        self._base_reader = base_reader
        self._fraction = fraction
        self._seed = seed

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        instances = list(self._base_reader.read(file_path))
        order = list(range(len(instances)))
        random.Random(self._seed).shuffle(order)
        for index in sorted(order[: max(1, round(self._fraction * len(order)))]):
            yield instances[index]

    @overrides(check_signature=False)
    def text_to_instance(self, *inputs: Any, **named: Any) -> Instance:
        return self._base_reader.text_to_instance(*inputs, **named)

    @overrides
    def apply_token_indexers(self, instance: Instance) -> None:
        self._base_reader.apply_token_indexers(instance)
