"""Which source of layers is meant: a biLM, or a transformer."""

from pathlib import Path

from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.pretrained import find_bilm, is_bilm
from elmo_tasks.transformer.pretrained import is_transformer, read_transformer

PREFIX = "transformer:"


def transformer_of(bilm: str | Path | None) -> str | None:
    """
    The transformer that is meant where a biLM's name or folder may be given: a transformer's folder, or
    `transformer:NAME` with a name on the hub. `None` where a biLM is meant.
    """
    if isinstance(bilm, str) and bilm.startswith(PREFIX):
        return bilm.removeprefix(PREFIX)
    return str(bilm) if bilm is not None and not is_bilm(bilm) and is_transformer(bilm) else None


def read_source(
    bilm: str | Path | None = None,
    options_file: str | Path | None = None,
    weight_file: str | Path | None = None,
    default: str | None = None,
) -> LayerSource:
    """
    A trained biLM, or a transformer, ready to give layers.

    # Parameters

    bilm : `str` or `Path`, optional
        What `find_bilm` knows, or `transformer_of`.
    options_file, weight_file, default
        See `find_bilm`.

    # Raises

    `PretrainedError`, `TransformerError`
        Unless exactly one is given, and can be had.
    """
    transformer = transformer_of(bilm)
    if transformer is not None and options_file is None and weight_file is None:
        return read_transformer(transformer)
    return BiLM.from_files(*find_bilm(bilm, options_file, weight_file, default=default)).eval()
