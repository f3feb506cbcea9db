"""Fine-tuning a model from its archive, such that the new archive does not need the old one."""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import Archive, Model
from allennlp.models.model import remove_weights_related_keys_from_params
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.archives.loading import drop_caches
from elmo_tasks.archives.safety import FROM_ARCHIVE, MODEL_NAME, open_archive, unpacked
from elmo_tasks.archives.source import KEPT
from elmo_tasks.archives.weights import is_whole
from elmo_tasks.files import read_object, writing
from elmo_tasks.private import padding_token, unknown_token, unregister

# What AllenNLP loads of an archive and of a run that has an epoch behind it.
_WEIGHTS = ("weights.th", "best.th")

unregister(Model, "from_archive")


@Model.register("from_archive", constructor="from_archive")
class ArchivedModel(Model):
    """
    A model that training begins from: `{"type": "from_archive", "archive_file": "runs/tagger/model.tar.gz"}`.

    The stock one of this name loads the archive that training began from again whenever the new archive is loaded, so
    that the two must travel together, and `allennlp predict` does not know the model's predictor. Here the run keeps
    the old archive's model config, vocabulary and biLM in `vocabulary/.elmo/`, from where they get into the new one.

    Registered as a `Model` with name "from_archive", in place of the stock one, constructor `from_archive`.
    """

    default_predictor = "elmo_of_model"

    @classmethod
    @overrides(check_signature=False)
    def from_archive(
        cls,
        archive_file: str,
        vocab: Vocabulary | None = None,
        serialization_dir: str | None = None,
        extend_labels: bool = False,
    ) -> Model:
        """
        # Parameters

        archive_file : `str`
            A model.tar.gz or a run's folder; or a URL.
        vocab : `Vocabulary`, optional
            The new text's. What is new in it is added behind the archive's vocabulary.
        serialization_dir : `str`, optional
            Given by AllenNLP: the new run's folder, or the new archive's.
        extend_labels : `bool`, optional (default = `False`)
            Whether the model gets outputs for labels that are new in `vocab`. Those that it had keep their weights.

        # Returns

        `Model`

        # Raises

        `UnsafeArchiveError`
            See `check_archive`.
        `ConfigurationError`
            If there are new labels, and they are not to be learned or the model cannot do that.
        """
        vocabulary = None if serialization_dir is None else Path(serialization_dir) / "vocabulary"
        if vocabulary is not None and _is_kept(vocabulary):
            return _from_kept(vocabulary, serialization_dir)
        path = Path(cached_path(archive_file))
        with nullcontext(str(path)) if path.is_dir() else unpacked(path) as folder:
            archive = open_archive(folder)
            model = archive.model
            if vocab:
                known = len(_labels(model))
                model.vocab.extend_from_vocab(vocab)
                model.extend_embedder_vocab()
                _take_labels(model, _labels(model)[known:], extend_labels, archive_file)
            if vocabulary is not None:
                _keep(archive, Path(folder) / "vocabulary", vocabulary)
        return model


def _labels(model: Model) -> list[str]:
    """Those that the model predicts, in their order, if it says where the vocabulary has them."""
    # Stock taggers have the first name, stock classifiers the second.
    namespace = getattr(model, "label_namespace", None) or getattr(model, "_label_namespace", None)
    return list(model.vocab.get_token_to_index_vocabulary(namespace)) if namespace is not None else []


def _take_labels(model: Model, new: list[str], extend: bool, archive_file: str) -> None:
    """Has the model learn labels that the vocabulary has got, or says that it cannot."""
    if not new:
        return
    can_extend: Any = getattr(model, "extend_labels", None)
    if extend and can_extend is not None:
        can_extend()
        return
    known = ", ".join(_labels(model)[: -len(new)])
    way_out = "" if can_extend is None else 'set "extend_labels": true beside archive_file to have it learn them, or '
    raise ConfigurationError(
        f"The model of {archive_file} has no output for {len(new)} of the data's labels: {', '.join(new)}. "
        f"It knows {known}. Use data without the new ones or name them as it does; {way_out}train a new model."
    )


def _keep(archive: Archive, old: Path, new: Path) -> None:
    """Writes what `_from_kept` reads; `old` and `new` are the two runs' folders `vocabulary`."""
    if (old / KEPT).is_dir():
        shutil.copytree(old / KEPT, new / KEPT, dirs_exist_ok=True)
    config: Any = archive.config.duplicate()["model"]
    params = Params({"type": config} if isinstance(config, str) else config.as_dict(quiet=True))
    if params["type"] == "from_archive":
        # The archive began from another one, and kept the model's config for itself.
        params = Params(_kept(old / FROM_ARCHIVE)["model"])
    remove_weights_related_keys_from_params(params)
    vocab = archive.model.vocab
    vocab.save_to_files(str(new / FROM_ARCHIVE / "vocabulary"))
    kept = {"model": params.as_dict(quiet=True), "padding": padding_token(vocab), "unknown": unknown_token(vocab)}
    with writing(new / FROM_ARCHIVE / MODEL_NAME) as temporary:
        temporary.write_text(json.dumps(kept, indent=2), encoding="utf-8")


def _is_kept(vocabulary: Path) -> bool:
    """
    Whether all that the model needs is in the run's folder or the archive, weights too. A run that was killed before
    its first checkpoint has none, and begins from the old archive again.
    """
    folder = vocabulary.parent
    if not (vocabulary / FROM_ARCHIVE / MODEL_NAME).is_file():
        return False
    return any((folder / name).is_file() for name in _WEIGHTS) or any(
        is_whole(state) and is_whole(state.with_name(state.name.replace("model", "training", 1)))
        for state in folder.glob("model_state_*.th")
    )


def _from_kept(vocabulary: Path, serialization_dir: str | None) -> Model:
    """The model without its weights, which AllenNLP is about to load."""
    folder = vocabulary / FROM_ARCHIVE
    kept = _kept(folder)
    drop_caches(kept["model"])
    vocab = Vocabulary.from_files(str(folder / "vocabulary"), kept["padding"], kept["unknown"])
    return Model.from_params(Params(kept["model"]), vocab=vocab, serialization_dir=serialization_dir)


def _kept(folder: Path) -> dict[str, Any]:
    """What `_keep` has written of the model."""
    return read_object(folder / MODEL_NAME, ConfigurationError, model=dict, padding=str, unknown=str)


@Predictor.register("elmo_of_model", constructor="of_model")
class ModelsPredictor(Predictor):
    """
    The predictor that a model's class names, for models that come `"from_archive"`.

    Registered as a `Predictor` with name "elmo_of_model", constructor `of_model`.
    """

    @classmethod
    def of_model(cls, model: Model, dataset_reader: DatasetReader, **arguments: Any) -> Predictor:
        """
        # Parameters

        model : `Model`
        dataset_reader : `DatasetReader`
        arguments : `Any`
            For the model's predictor (`--predictor-args`).
        """
        name = type(model).default_predictor
        predictor: Any = Predictor if name is None else Predictor.by_name(name)
        return predictor(model, dataset_reader, **arguments)
