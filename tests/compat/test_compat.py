import importlib
import pkgutil
import warnings
from typing import Any

import torch
from allennlp.common import cached_transformers
from allennlp.data.tokenizers import SpacyTokenizer
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter
from allennlp.models import Model
from allennlp.modules.seq2vec_encoders import CnnEncoder

from elmo_tasks import compat
from elmo_tasks.compat.replacing import stock_of


def test_applying_again_changes_nothing() -> None:
    before = warnings.filters[:]  # type: ignore[index]
    allowed = set(torch.serialization.get_safe_globals())
    importlib.reload(compat)
    assert set(torch.serialization.get_safe_globals()) == allowed
    assert len(warnings.filters) <= len(before) + 1
    replaced: list[Any] = [
        Model.load.__func__,  # type: ignore[attr-defined]
        CnnEncoder.forward,
        SpacyTokenizer.__init__,
        cached_transformers.get_tokenizer,
        SaliencyInterpreter._aggregate_token_embeddings,
    ]
    for function in replaced:
        assert function.__module__.startswith("elmo_tasks.compat.")
        # Stock's own is one step away, and not one step for each import.
        assert stock_of(function).__module__.startswith("allennlp.")


def test_each_subject_says_what_it_mends_and_until_when() -> None:
    subjects = {module.name for module in pkgutil.iter_modules(compat.__path__)} - {"replacing"}
    for name in subjects:
        module = importlib.import_module(f"elmo_tasks.compat.{name}")
        assert module.apply
        for part in ("What it mends: ", "How one sees it: ", "Until when: "):
            assert part in (module.__doc__ or ""), name
