"""The toy's file: a label, a tab and a sentence a line."""

from collections.abc import Iterator

from allennlp.data.dataset_readers.dataset_reader import PathOrStr

from elmo_tasks.tasks.base.reader import bad_line, numbered_lines


def read_examples(file_path: PathOrStr) -> Iterator[tuple[str, list[str]]]:
    """The labels and their sentences' words. Raises `ConfigurationError`, which names the line, where there is none."""
    for number, line in numbered_lines(file_path):
        label, tab, sentence = line.decode().strip().partition("\t")
        if not tab:
            raise bad_line(file_path, number, "there is no tab between a label and a sentence")
        yield label, sentence.split()
