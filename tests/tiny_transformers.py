"""Tiny transformers with random weights and tokenizers made here; fixtures for the tests of what reads them."""

from pathlib import Path
from typing import Any

import pytest
import torch

LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?-'0123456789"
WORDS = ["the", "cat", "sat", "on", "mat", "anna", "sees", "##s", "##ing", "##ed", "un", "##able"]
PLAIN = ["the", "cats", "sat", "on", "anna", "'", "s", "unmatable", "mat", "."]
"""A sentence with words of one piece and of several."""


def write_bert(folder: Path, seed: int = 1, positions: int = 48, dropout: float = 0.1) -> Path:
    """A BERT of 2 layers of 16 numbers."""
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    letters = [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    vocabulary = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters]))
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=positions,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        # Or else the layers are all but the same.
        initializer_range=0.3,
    )
    return _written(BertModel(config), folder, seed)


def write_roberta(folder: Path, seed: int = 1, positions: int = 48) -> Path:
    """A RoBERTa of 3 layers of 8 numbers, with a byte-level BPE."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    bpe = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe.train_from_iterator([" The cat sat on the mat . Anna sees cats"] * 3, 300, 2, special_tokens=special)
    bpe.save_model(str(folder))
    RobertaTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    config = RobertaConfig(
        vocab_size=bpe.get_vocab_size(),
        hidden_size=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions + 2,
        initializer_range=0.3,
    )
    return _written(RobertaModel(config), folder, seed)


def _written(model: "torch.nn.Module", folder: Path, seed: int) -> Path:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight += 0.2 * torch.randn(weight.shape, generator=generator)
    model.save_pretrained(folder)  # type: ignore[operator]
    return folder


def hidden_states_by_word(folder: Path, sentence: list[str], pooling: str = "mean") -> torch.Tensor:
    """Shape `(layers, tokens, dim)`, by transformers alone."""
    from transformers import AutoModel, AutoTokenizer

    options: dict[str, Any] = {"add_prefix_space": True} if (folder / "merges.txt").exists() else {}
    tokenizer = AutoTokenizer.from_pretrained(folder, **options)
    encoded = tokenizer(sentence, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        states = AutoModel.from_pretrained(folder).eval()(**encoded, output_hidden_states=True).hidden_states
    # Shape: (layers, pieces, dim)
    states = torch.cat(states)
    places = [[at for at, word in enumerate(encoded.word_ids()) if word == number] for number in range(len(sentence))]
    chosen = [states[:, at[:1]] if pooling == "first" else states[:, at] for at in places]
    return torch.stack([vectors.mean(dim=1) for vectors in chosen], dim=1)


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny BERT."""
    return write_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny RoBERTa."""
    return write_roberta(tmp_path_factory.mktemp("roberta"))
