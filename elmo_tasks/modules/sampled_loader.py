"""Epochs of one length for any part of a dataset, for learning curves."""

from typing import Any

from allennlp.data import DataLoader, DatasetReader
from allennlp.data.data_loaders import MultiProcessDataLoader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.modules.sampled_reader import check_fraction


@DataLoader.register("elmo_sampled")
class SampledLoader(MultiProcessDataLoader):
    """
    Batches of a part of a dataset, as many an epoch as the whole has: the part is gone over again until then.

    So a training on a tenth of the data has as many updates before early stopping or a learning rate's schedule counts
    an epoch as one on all of it. Otherwise a small part's trainings end before they have learned anything, and a
    learning curve (Peters et al. 2018, figure 1) shows that and not what the data is worth.

    # Parameters

    reader : `DatasetReader`
        Such as "elmo_sampled".
    data_path : `str`
    fraction : `float`
        The part that is read, above 0 and at most 1. An epoch has the part's batches divided by it, rounded.
    kwargs : `Any`
        As AllenNLP's loader "multiprocess" takes them. With `batches_per_epoch` an epoch has that many.

    # Raises

    `ConfigurationError`
        If the fraction is none.

    Registered as a `DataLoader` with name "elmo_sampled".
    """

    def __init__(self, reader: DatasetReader, data_path: PathOrStr, *, fraction: float, **kwargs: Any) -> None:
        check_fraction(fraction)
        super().__init__(reader, data_path, **kwargs)
        if self.batches_per_epoch is None:
            self.batches_per_epoch = round(len(self) / fraction)
