"""A trained language model's perplexity on a text."""

from pathlib import Path

import torch
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import CONFIG_NAME

from elmo_tasks.archives.safety import open_archive
from elmo_tasks.bilm.pretrained import is_bilm
from elmo_tasks.pretraining.corpus import CorpusReader
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.windows import WindowDataLoader


def load_language_model(archive: str, cuda_device: int = -1) -> LanguageModel:
    """
    # Parameters

    archive : `str`
        A run's folder or its model.tar.gz.
    cuda_device : `int`
        -1 for the processor.

    # Raises

    `ConfigurationError`
        Where there is no archive, it is not safe to load, or its model is no language model; or where it is a biLM's
        name or folder, which has no softmax.
    """
    if is_bilm(archive) and not (Path(archive) / CONFIG_NAME).is_file():
        raise ConfigurationError(
            f"{archive} is a biLM without its softmax, which gives no probabilities: give the run that trained it, its "
            "folder or its model.tar.gz, or learn a softmax by elmo-finetune."
        )
    model = open_archive(archive, cuda_device).model
    if not isinstance(model, LanguageModel):
        raise ConfigurationError(f'{archive} holds a {type(model).__name__}, not an "elmo_language_model".')
    return model.eval()


def measure_perplexity(model: LanguageModel, text: str, streams: int = 64, window: int = 20) -> dict[str, float]:
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

    # Returns

    `dict[str, float]`
        `tokens` (sentence ends included), `unknown` (the share outside the vocabulary), `forward_perplexity`,
        `backward_perplexity` and their mean, `perplexity`.

    # Raises

    `ConfigurationError`
        If there is no such text, it is damaged, or a number is less than 1.
    """
    if min(streams, window) < 1:
        raise ConfigurationError(f"There cannot be {streams} streams of {window} tokens at a time; 1 is the least.")
    loader = WindowDataLoader(CorpusReader(), text, batch_size=streams, window=window)
    loader.index_with(model.vocab)
    loader.set_target_device(next(model.parameters()).device)
    model.eval()
    model.reset_states()
    model.get_metrics(reset=True)
    with torch.inference_mode(), Tqdm.tqdm(desc=text, unit=" tokens") as bar:
        for batch in loader:
            model(**batch)
            targets = batch["targets"]
            assert isinstance(targets, torch.Tensor)
            bar.update(int((targets[0] >= 0).sum()))
        tokens = bar.n
    metrics = model.get_metrics(reset=True)
    names = ("unknown", "forward_perplexity", "backward_perplexity", "perplexity")
    return {"tokens": tokens, **{name: metrics[name] for name in names}}
