"""A trained biLM, trained on with a user's own text (Peters et al. 2018, table 7)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import get_weights_path

from elmo_tasks.bilm import BiLMOptions, find_bilm
from elmo_tasks.checks import check_count, check_number
from elmo_tasks.files import read_object, writing
from elmo_tasks.pretraining.corpus import CorpusReader
from elmo_tasks.pretraining.export import export_bilm
from elmo_tasks.pretraining.language_model import LanguageModel
from elmo_tasks.pretraining.perplexity import has_softmax, load_language_model, measure_perplexity
from elmo_tasks.pretraining.windows import WindowDataLoader

_WINDOW = 20
_SOFTMAX_RATE = 0.003
"""Of a new softmax. With 0.01 it had learned 80,000 tokens by heart after a pass, and held-out perplexity rose."""


@dataclass(frozen=True)
class Perplexities:
    """
    What fine-tuning has come to: exact perplexities on held-out text, by names such as "epoch 3, all".

    # Parameters

    before : `Mapping[str, float]`
        Before the biLM was trained: of the language model as it was, or of each epoch in which a new softmax was
        learned. Empty where there was none of either.
    after : `Mapping[str, float]`
        Of the epochs in which everything was trained.
    unknown : `float`
        The share of the tokens that are not in the vocabulary, 0..1.
    """

    before: Mapping[str, float]
    after: Mapping[str, float]
    unknown: float

    @property
    def figures(self) -> dict[str, Any]:
        """As they are written: the lowest before and after, as a softmax that was learned for too long must not make
        the biLM look bad, and all."""
        return {
            "before": min(self.before.values(), default=None),
            "after": min(self.after.values()),
            "unknown": self.unknown,
            "all": {**self.before, **self.after},
        }

    @property
    def is_better(self) -> bool:
        """Whether perplexity has fallen, as far as that is known."""
        return not self.before or min(self.after.values()) < min(self.before.values())


@dataclass(frozen=True)
class FineTuning:
    """
    Trains a biLM on with a text: exact perplexities on held-out text before and after, and the biLM's files.

    # Parameters

    bilm : `str`
        A biLM's name or its folder, which come without a softmax: then one is learned first, with the biLM frozen, for
        the words of the text. Or the folder or model.tar.gz of a run with an "elmo_language_model", which has its
        softmax and its vocabulary.
    text, heldout : `str`
        Corpora, as `find_shards` takes them.
    epochs : `int`
        Passes in which everything is trained.
    new_softmax_epochs : `int`
        Passes before them in which a new softmax is learned.
    lr : `float`
        The biLM's learning rate.
    min_count : `int`
        With a new softmax: how often a word must occur to be predicted as itself.
    streams : `int`
        Streams of text side by side.
    cuda_device : `int`
        -1 for the processor.
    dtype : `str`, optional
        As `LanguageModel` takes it. By default the run's, or `"float32"` where it begins with weights alone.

    # Raises

    `ConfigurationError`
        If a number is out of range, or the text too short for so many streams.
    """

    bilm: str
    text: str
    heldout: str
    epochs: int = 1
    new_softmax_epochs: int = 2
    lr: float = 0.0005
    min_count: int = 2
    streams: int = 32
    cuda_device: int = -1
    dtype: str | None = None

    def __post_init__(self) -> None:
        check_number(ConfigurationError, 0, 1, lr=self.lr)
        check_count(ConfigurationError, min_count=self.min_count)
        if min(self.epochs, self.streams) < 1 or self.new_softmax_epochs < 0:
            raise ConfigurationError("--epochs and --streams must be at least 1, and --softmax-epochs not negative.")
        batches = len(WindowDataLoader(CorpusReader(), self.text, batch_size=self.streams, window=_WINDOW))
        if batches < 2:
            raise ConfigurationError(
                f"{self.text} is too short for {self.streams} streams of {_WINDOW} tokens a batch: "
                "give fewer --streams, or more text."
            )

    @property
    def has_softmax(self) -> bool:
        """Whether it begins with a whole language model."""
        return has_softmax(self.bilm)

    @property
    def softmax_epochs(self) -> int:
        """Passes in which the softmax alone is trained."""
        return 0 if self.has_softmax else self.new_softmax_epochs

    @cached_property
    def _model(self) -> LanguageModel:
        return load_language_model(self.bilm, self.cuda_device)

    def config(self) -> dict[str, Any]:
        """For `elmo-tasks train`."""
        if self.has_softmax:
            start = from_archive(self.bilm, self._model)
        else:
            start = from_weights(self.bilm, self.text, self.min_count)
        if self.dtype is not None:
            start["model"]["dtype"] = self.dtype
        return finetune_config(
            start,
            self.text,
            self.heldout,
            self.epochs,
            self.softmax_epochs,
            self.lr,
            self.streams,
            self.cuda_device,
        )

    def run(self, folder: Path, recover: bool = False, half: bool = False) -> Perplexities:
        """
        Trains.

        # Parameters

        folder : `Path`
            An ordinary run of `elmo-tasks train`, with the folder `bilm` and the file `perplexity.json` besides. Where
            fine-tuning does not help, the biLM there is as it was before.
        recover : `bool`
            Whether to go on with a run that was stopped.
        half : `bool`
            As in `export_bilm`.
        """
        config = self.config()
        before: dict[str, float] = {}
        after: dict[str, float] = {}
        if self.has_softmax:
            before["before"] = measure_perplexity(self._model, self.heldout, self.streams, _WINDOW)["perplexity"]
        tuned = train_model(Params(config), str(folder), recover=recover)
        assert isinstance(tuned, LanguageModel)
        for epoch in range(self.softmax_epochs + self.epochs):
            path = folder / f"metrics_epoch_{epoch}.json"
            metrics = read_object(path, ConfigurationError, validation_perplexity=float, validation_unknown=float)
            if epoch < self.softmax_epochs:
                before[f"epoch {epoch + 1}, softmax"] = metrics["validation_perplexity"]
            else:
                after[f"epoch {epoch + 1}, all"] = metrics["validation_perplexity"]
        perplexities = Perplexities(before, after, metrics["validation_unknown"])
        # The trainer keeps the best of its epochs, of which a run's own language model is none.
        is_worse = self.has_softmax and not perplexities.is_better
        export_bilm(self._model.bilm if is_worse else tuned.bilm, folder / "bilm", half, force=True)
        with writing(folder / "perplexity.json") as temporary:
            temporary.write_text(json.dumps(perplexities.figures, indent=2) + "\n", encoding="utf-8")
        return perplexities


def finetune_config(
    start: dict[str, Any],
    text: str,
    heldout: str,
    epochs: int = 1,
    softmax_epochs: int = 2,
    lr: float = 0.0005,
    streams: int = 32,
    cuda_device: int = -1,
) -> dict[str, Any]:
    """
    The experiment that fine-tunes a language model.

    # Parameters

    start : `dict[str, Any]`
        From `from_weights` or `from_archive`.
    text, heldout : `str`
        Corpora, as `find_shards` takes them.
    epochs : `int`
        Passes in which everything is trained.
    softmax_epochs : `int`
        Passes before them in which the softmax alone is trained.
    lr : `float`
        The biLM's learning rate.
    streams : `int`
        Streams of text side by side.
    cuda_device : `int`
        -1 for the processor.

    # Returns

    `dict[str, Any]`
        A config for `elmo-tasks train`.
    """
    windows = {"type": "elmo_lm_windows", "batch_size": streams, "window": _WINDOW}
    return {
        "dataset_reader": {"type": "elmo_corpus"},
        "train_data_path": text,
        "validation_data_path": heldout,
        **start,
        # The words of another corpus need not be in this one's order of frequency.
        "data_loader": {**windows, "shuffle_buffer": 200_000, "check_order": False},
        "validation_data_loader": windows,
        "trainer": {
            "num_epochs": softmax_epochs + epochs,
            "validation_metric": "-perplexity",
            "grad_norm": 1.0,
            "optimizer": {
                "type": "elmo_adam",
                "lr": lr,
                "parameter_groups": [[["^softmax[.]"], {"rows": True, "lr": _SOFTMAX_RATE if softmax_epochs else lr}]],
            },
            "callbacks": [{"type": "elmo_unfreeze", "parameters": "^bilm[.]", "epochs": softmax_epochs}],
            "cuda_device": cuda_device,
        },
    }


def from_weights(bilm: str, text: str, min_count: int = 2) -> dict[str, Any]:
    """
    Where fine-tuning a biLM without its softmax begins: the words to predict are those of the text.

    # Parameters

    bilm : `str`
        A name or a folder that `find_bilm` knows.
    text : `str`
    min_count : `int`
        How often a word must occur.
    """
    files = find_bilm(bilm)
    return {
        "vocabulary": {"type": "elmo_corpus", "paths": text, "min_count": min_count},
        "model": {
            "type": "elmo_language_model",
            "options": BiLMOptions.from_file(files.options_file).to_dict(),
            "pretrained_file": str(files.weight_file),
        },
    }


def from_archive(archive: str, model: LanguageModel) -> dict[str, Any]:
    """
    Where fine-tuning a whole language model begins.

    # Parameters

    archive : `str`
        A run's folder or its model.tar.gz.
    model : `LanguageModel`
        What is in it.
    """
    path = Path(archive)
    weights, vocabulary = (get_weights_path(path), path / "vocabulary") if path.is_dir() else (path, path)
    return {
        "vocabulary": {"type": "from_files", "directory": str(vocabulary)},
        "model": {
            "type": "elmo_language_model",
            "options": model.bilm.options.to_dict(),
            "dropout": model.dropout,
            "num_samples": model.softmax.num_samples,
            "dtype": model.dtype,
            "sparse_gradients": model.softmax.sparse_gradients,
            "initializer": {"regexes": [[".*", {"type": "pretrained", "weights_file_path": str(weights)}]]},
        },
    }
