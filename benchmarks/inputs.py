"""Text, and biLMs with random weights."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from elmo_tasks.bilm import BiLM, BiLMFiles, BiLMOptions
from elmo_tasks.bilm.characters import MAX_WORD_BYTES, MAX_WORD_LENGTH

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "fixtures" / "ner"
# Larger texts, which a clone may have beside it.
WNUT17 = ROOT.parent / "shared" / "data" / "ner"
LM_TEXT = ROOT.parent / "shared" / "data" / "lm" / "train"

LENGTHS = range(10, 41)
"""Tokens of the sentences that are timed."""

SMALL = BiLMOptions(cell_dim=1024, projection_dim=128, num_highway=1)
ORIGINAL = BiLMOptions(cell_dim=4096, projection_dim=512, num_highway=2)
_TINY = BiLMOptions(cell_dim=16, projection_dim=128, num_highway=1, filters=((1, 4), (2, 4)))

Sentences = list[list[str]]


@dataclass(frozen=True)
class Place:
    """
    Where a benchmark runs, and on what scale.

    # Parameters

    folder : `Path`
        For what it writes.
    quick : `bool`
        Tiny shapes and little text: the program is tried, and nothing is measured.
    patience : `float`
        Seconds for which runs that the host has disturbed are repeated, a row.
    """

    folder: Path
    quick: bool = False
    patience: float = 0.0

    def options(self, shape: str) -> BiLMOptions:
        """Of `"small"` or `"original"`."""
        if self.quick:
            return _TINY
        return {"small": SMALL, "original": ORIGINAL}[shape]

    def bilm(self, shape: str) -> BiLMFiles:
        """The files of a biLM with random weights, written on first use."""
        folder = self.folder / shape
        files = BiLMFiles(folder / "options.json", folder / "weights.hdf5")
        if not files.weight_file.exists():
            folder.mkdir(exist_ok=True)
            torch.manual_seed(1)
            BiLM(self.options(shape)).save(*files)
        return files

    def ner_corpus(self) -> tuple[str, Path, Path]:
        """Its name and its files for training and development: WNUT-17 where it is, or else the demo's."""
        train, dev = WNUT17 / "wnut17.train.txt", WNUT17 / "wnut17.dev.txt"
        is_here = train.exists() and dev.exists()
        if is_here and not self.quick:
            return "WNUT-17", train, dev
        name = "fixtures/ner" if is_here else "fixtures/ner (WNUT-17 is not here)"
        return name, FIXTURES / "train.txt", FIXTURES / "dev.txt"


def read_sentences(*files: Path) -> Sentences:
    """The words of files in CoNLL-2003's columns."""
    sentences: Sentences = [[]]
    for file in files:
        for line in [*file.read_text(encoding="utf-8").splitlines(), ""]:
            columns = line.split()
            if columns and columns[0] != "-DOCSTART-":
                sentences[-1].append(columns[0])
            elif sentences[-1]:
                sentences.append([])
    return sentences[:-1]


def timed_sentences() -> Sentences:
    """The repository's own sentences of 10 to 40 tokens, always in the same mixed order."""
    sentences = [words for words in read_sentences(*sorted(FIXTURES.glob("*.txt"))) if len(words) in LENGTHS]
    random.Random(1).shuffle(sentences)
    return sentences


def number_of_tokens(sentences: Iterable[list[str]]) -> int:
    """In all sentences."""
    return sum(map(len, sentences))


def lstm_flops(options: BiLMOptions) -> int:
    """Floating point operations of one token's matrix products in all LSTM layers, both directions."""
    gates = 2 * (2 * options.projection_dim) * 4 * options.cell_dim
    return 2 * options.num_layers * (gates + 2 * options.cell_dim * options.projection_dim)


def char_cnn_flops(options: BiLMOptions, words: Iterable[str]) -> int:
    """
    The same of the character CNN for these words. A word is convolved as far as it reaches, with its two boundary
    characters, and one window beyond.
    """
    dense = 4 * options.num_highway * options.num_filters**2 + 2 * options.num_filters * options.projection_dim
    flops = 0
    for word in words:
        reach = min(len(word.encode("utf-8", "ignore")), MAX_WORD_BYTES) + 3
        flops += dense + sum(
            2 * width * options.character_dim * number * min(reach, MAX_WORD_LENGTH - width + 1)
            for width, number in options.filters
        )
    return flops


def bilm_flops(options: BiLMOptions, batch: Sentences, kept: frozenset[str] = frozenset()) -> int:
    """
    Of a batch: each distinct word once through the character CNN, unless its vector is kept; each token once through
    the LSTMs, and each sentence's first boundary in either direction.
    """
    words = {word for sentence in batch for word in sentence} - kept
    return char_cnn_flops(options, words) + (number_of_tokens(batch) + len(batch)) * lstm_flops(options)
