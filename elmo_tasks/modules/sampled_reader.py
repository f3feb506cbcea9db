"""A part of a dataset, for learning curves."""

import random
from collections.abc import Iterable, Iterator
from copy import copy
from itertools import islice
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

    The part is the same whatever the number of processes: each one of distributed training, and each worker of a data
    loader, reads the whole file and then gives its share of the part.

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
        super().__init__(manual_distributed_sharding=True, manual_multiprocess_sharding=True, **extras)
        check_fraction(fraction)
        check_count(ConfigurationError, least=0, seed=seed)
        self._base_reader = base_reader
        self._fraction = fraction
        self._seed = seed

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        instances = list(_all_instances(self._base_reader, file_path))
        order = list(range(len(instances)))
        random.Random(self._seed).shuffle(order)
        part = sorted(order[: max(1, round(self._fraction * len(order)))])
        for index in self.shard_iterable(part):
            yield instances[index]

    @overrides(check_signature=False)
    def text_to_instance(self, *inputs: Any, **named: Any) -> Instance:
        return self._base_reader.text_to_instance(*inputs, **named)

    @overrides
    def apply_token_indexers(self, instance: Instance) -> None:
        self._base_reader.apply_token_indexers(instance)


def _all_instances(reader: DatasetReader, file_path: PathOrStr) -> Iterator[Instance]:
    """What the reader reads where there is one process. Token indexers are not applied, as workers must not."""
    alone: Any = copy(reader)
    alone._set_distributed_info(None)
    alone._set_worker_info(None)
    alone.shard_iterable = iter
    return islice(alone._read(file_path), reader.max_instances)
