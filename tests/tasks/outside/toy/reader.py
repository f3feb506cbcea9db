"""The toy's examples as instances."""

from collections.abc import Iterable, Sequence

from allennlp.data import DatasetReader, Instance, Token
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import LabelField, TextField

from elmo_tasks.tasks.base.reader import TextReader
from toy.corpus import read_examples


@DatasetReader.register("toy")
class ToyReader(TextReader):
    """Instances with the fields `tokens` and `label`."""

    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        for label, words in self.shard_iterable(read_examples(file_path)):
            yield self.text_to_instance(words, label)

    def text_to_instance(self, words: Sequence[str], label: str) -> Instance:
        return Instance({"tokens": TextField([Token(word) for word in words]), "label": LabelField(label)})
