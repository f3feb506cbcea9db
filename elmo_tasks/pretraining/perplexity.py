"""A trained language model's perplexity on a text."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import CONFIG_NAME
from torch import Tensor

from elmo_tasks.archives.safety import open_archive
from elmo_tasks.bilm.pretrained import OUTPUT_DIMS, is_bilm
from elmo_tasks.files import read_lines
from elmo_tasks.pretraining.corpus import SENTENCE_END, SENTENCE_START, CorpusReader
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.vocabulary import softmax_rows
from elmo_tasks.pretraining.windows import WindowDataLoader


def has_softmax(archive: str) -> bool:
    """
    Whether it is a run's folder or archive, and not a biLM's name or folder, which come without a softmax. Of a folder
    that is both, with the biLM exported beside the run's files, it is the run.
    """
    return archive not in OUTPUT_DIMS and (not is_bilm(archive) or (Path(archive) / CONFIG_NAME).is_file())


def load_language_model(archive: str, cuda_device: int = -1) -> LanguageModel:
    """
    Loads a trained language model, a biLM with its softmax, to measure or score texts with it.

    # Parameters

    archive : `str`
        A run's folder or its model.tar.gz.
    cuda_device : `int`
        -1 for the processor.

    # Returns

    `LanguageModel`
        On that device, and not in training mode.

    # Raises

    `ConfigurationError`
        Where there is no archive, it is not safe to load, or its model is no language model; or where it is a biLM's
        name or folder, which has no softmax.
    """
    if not has_softmax(archive):
        raise ConfigurationError(
            f"{archive} is a biLM without its softmax, which gives no probabilities: give the run that trained it, its "
            "folder or its model.tar.gz, or learn a softmax by elmo-finetune."
        )
    model = open_archive(archive, cuda_device).model
    if not isinstance(model, LanguageModel):
        raise ConfigurationError(f'{archive} holds a {type(model).__name__}, not an "elmo_language_model".')
    return model.eval()


def measure_perplexity(
    model: LanguageModel, text: str, streams: int = 64, window: int = 20, words: Collection[str] | None = None
) -> dict[str, float]:
    """
    Perplexity on a held-out text: exact (the softmax over the whole vocabulary), every token once, the LSTM's states
    carried from window to window.

    # Parameters

    model : `LanguageModel`
    text : `str`
        A corpus, as `find_shards` takes it.
    streams, window : `int`
        The text is dealt to so many streams, and read so many tokens at a time. The window changes nothing but the
        memory it takes; fewer streams mean that fewer sentences begin without a context.
    words : `Collection[str]`, optional
        The words to be told apart, as the sentence boundaries always are; all others that the model knows are one with
        the unknown word, and their probabilities added up. So two models can be compared whose vocabularies differ:
        each over the words of both.

    # Returns

    `dict[str, float]`
        `tokens` (sentence ends included), `unknown` (the share outside the vocabulary), `forward_perplexity`,
        `backward_perplexity` and their mean, `perplexity`.

    # Raises

    `ConfigurationError`
        If there is no such text, it is damaged, a number is less than 1, or the model knows none of `words`.
    """
    if min(streams, window) < 1:
        raise ConfigurationError(f"There cannot be {streams} streams of {window} tokens at a time; 1 is the least.")
    loader = WindowDataLoader(CorpusReader(), text, batch_size=streams, window=window)
    loader.index_with(model.vocab)
    loader.set_target_device(next(model.parameters()).device)
    model.eval()
    model.reset_states()
    model.get_metrics(reset=True)
    tokens = 0
    with torch.inference_mode(), _told_apart(model, words) as kept, Tqdm.tqdm(desc=text, unit=" tokens") as bar:
        for batch in loader:
            targets = batch["targets"]
            assert isinstance(targets, Tensor)
            batch["targets"] = targets.where((targets < 0) | kept[targets], 0)
            model(**batch)
            number = int((targets[0] >= 0).sum())
            tokens += number
            bar.update(number)
    metrics = model.get_metrics(reset=True)
    names = ("unknown", "forward_perplexity", "backward_perplexity", "perplexity")
    return {"tokens": tokens, **{name: metrics[name] for name in names}}


def read_words(path: str | Path) -> set[str]:
    """A vocabulary's words, one a line. Raises `ConfigurationError` where the file is no text, and else as `open`."""
    return {line for _, line in read_lines(path, ConfigurationError)}


@contextmanager
def _told_apart(model: LanguageModel, words: Collection[str] | None) -> Iterator[Tensor]:
    """Which rows of the softmax are words of their own meanwhile. Shape `(rows,)`, bool."""
    softmax = model.softmax
    if words is None:
        yield torch.ones_like(softmax.bias, dtype=torch.bool)
        return
    rows = softmax_rows(model.vocab)
    kept = torch.zeros_like(softmax.bias, dtype=torch.bool)
    kept[[rows[word] for word in words if word in rows]] = True
    kept[0] = False  # the unknown word
    if not kept.any():
        raise ConfigurationError("The language model's vocabulary has none of the words that are to be told apart.")
    kept[[rows[word] for word in (SENTENCE_START, SENTENCE_END) if word in rows]] = True
    with softmax.unknown_as((~kept).nonzero().squeeze(1)):
        yield kept
