"""The tasks' shipped configs, at a size for tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allennlp.common import Params

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "training_configs"
CONFIGS = sorted(
    f"{path.parent.name}/{path.stem}"
    for path in FOLDER.glob("*/*.jsonnet")
    if path.parent.name not in ("bilm", "lib", "probes")
)
"""Such as `"ner/fixture_elmo"`."""

_SMALL = {"hidden_size": 6, "hidden_dim": 6, "num_filters": 6, "projection_dim": 6}


def shipped(name: str) -> dict[str, Any]:
    """A config as it is."""
    return Params.from_file(str(FOLDER / f"{name}.jsonnet")).as_dict(quiet=True)


def made_small(name: str, bilm: dict[str, str], folder: Path) -> Params:
    """A config with a few of its task's fixtures, small layers, `bilm` and made-up word vectors in `folder`."""
    config = shipped(name)
    fixtures = ROOT / "fixtures" / name.split("/")[0]
    overrides: dict[str, Any] = {"trainer.num_epochs": 1}
    for field, part in (("train_data_path", "train"), ("validation_data_path", "dev"), ("test_data_path", "dev")):
        if field in config:
            (file,) = fixtures.glob(f"{part}.*")
            overrides[field] = str(file)
    for reader in ("dataset_reader", "validation_dataset_reader"):
        if reader in config:
            overrides[f"{reader}.max_instances"] = 8
    if "tokens_from" in config["dataset_reader"]:
        # SNLI's fixtures have no parses.
        overrides["dataset_reader.tokens_from"] = "text"
    if config["dataset_reader"]["type"] == "elmo_classification":
        # The fixtures' columns; and they are not Chinese, and jieba is an optional package.
        overrides |= {"dataset_reader.text_column": "text", "dataset_reader.label_column": "label"}
        if "tokenizer" in config["dataset_reader"]:
            overrides["dataset_reader.tokenizer.type"] = "elmo_chinese_characters"
    if "genre_pattern" in config["dataset_reader"]:
        overrides["dataset_reader.genre_pattern"] = "(..)/"
    for path in _small_fields(config["model"], "model"):
        overrides[path] = _SMALL[path.split(".")[-1]]
    if "elmo" in config["model"]:
        overrides["model.elmo.bilm"] = bilm
    words = config["model"]["text_field_embedder"]["token_embedders"]["tokens"]
    if "pretrained_file" in words:
        vectors = folder / "vectors.txt"
        numbers = " ".join(["0.1"] * words["embedding_dim"])
        vectors.write_text("".join(f"{word} {numbers}\n" for word in ("the", "in", "a", "of", ".", "?")))
        overrides["vocabulary.pretrained_files.tokens"] = str(vectors)
        overrides["model.text_field_embedder.token_embedders.tokens.pretrained_file"] = str(vectors)
    return Params.from_file(str(FOLDER / f"{name}.jsonnet"), overrides)


def _small_fields(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in _SMALL:
                yield f"{path}.{key}"
            yield from _small_fields(inner, f"{path}.{key}")
