"""Character ids to mixed vectors, without gradients: our biLM and scalar mix, and stock's `Elmo`."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import torch
from allennlp.modules.elmo import Elmo
from torch import Tensor

from benchmarks.inputs import LM_TEXT, Place, Sentences, bilm_flops, number_of_tokens, timed_sentences
from benchmarks.measure import Rates, in_turn, peak_memory, seconds
from benchmarks.report import Row
from elmo_tasks.bilm import BiLM, batch_to_ids
from elmo_tasks.embedders import ScalarMix
from elmo_tasks.pretraining.corpus import find_shards, sentence_stream

_BATCH, _BATCHES = 64, 3
_ONE_LENGTH = 25
_READ_BEFORE = 100_000
_KEPT_WORDS = 20_000
_ROOM = 50_000
_PRECISIONS = {torch.float32: "fp32", torch.bfloat16: "bf16", torch.int8: "int8"}


@dataclass(frozen=True)
class Case:
    """
    One comparison.

    # Parameters

    shape : `str`
        `"small"` or `"original"`.
    required : `float`, optional
        How many times as fast as stock ours must be.
    batch : `int`
        Sentences; 1 stands for sentences of 25 tokens one by one.
    dtype : `torch.dtype`
        Ours; stock runs in fp32.
    keeps_words : `bool`
        Whether the vectors of frequent words are there already.
    """

    shape: str
    required: float | None = None
    batch: int = _BATCH
    dtype: torch.dtype = torch.float32
    keeps_words: bool = False

    @property
    def what(self) -> str:
        """For the table."""
        precision = _PRECISIONS[self.dtype]
        words = "frequent words kept" if self.keeps_words else "nothing cached"
        if self.batch == 1:
            return f"{self.shape} shape, batch 1, {_ONE_LENGTH} tokens, {precision}, {words}"
        return f"{self.shape} shape, batch {self.batch}, {precision}, {words}"

    def batches(self, quick: bool) -> list[Sentences]:
        """What is run on."""
        sentences = timed_sentences()
        if self.batch == 1:
            batches = [[words] for words in sentences if len(words) == _ONE_LENGTH]
        else:
            batches = [sentences[first : first + self.batch] for first in range(0, _BATCHES * self.batch, self.batch)]
        return [batches[0][:4]] if quick else batches


def frequent_words(place: Place) -> list[str]:
    """The words that are kept: the most frequent ones of other text than that which is timed."""
    file = place.folder / "words.txt"
    if not file.exists():
        text: Iterable[list[str]] = timed_sentences()[_BATCHES * _BATCH :]
        if LM_TEXT.exists() and not place.quick:
            text = islice(sentence_stream(find_shards(str(LM_TEXT))), _READ_BEFORE)
        counts = Counter(word for words in text for word in words)
        file.write_text("\n".join(word for word, _ in counts.most_common(_KEPT_WORDS)), encoding="utf-8")
    return file.read_text(encoding="utf-8").split("\n")


class _Ours:
    def __init__(self, case: Case, place: Place) -> None:
        self.bilm = BiLM.from_files(*place.bilm(case.shape), dtype=case.dtype)
        self.mix = ScalarMix(self.bilm.num_layers)
        self.words = frequent_words(place) if case.keeps_words else []

    def prepare(self) -> None:
        """Each run begins with the same words kept, and none of its own."""
        self.bilm.keep_words(0)
        if self.words:
            self.bilm.keep_words(_ROOM, self.words)

    def __call__(self, character_ids: Tensor) -> Tensor:
        output = self.bilm(character_ids)
        return self.mix(output.layers, output.mask)


class _Stock:
    def __init__(self, case: Case, place: Place) -> None:
        options_file, weight_file = place.bilm(case.shape)
        self.elmo = Elmo(str(options_file), str(weight_file), num_output_representations=1, dropout=0.0).eval()

    def prepare(self) -> None:
        """Nothing is kept."""

    def __call__(self, character_ids: Tensor) -> Tensor:
        (vectors,) = self.elmo(character_ids)["elmo_representations"]
        return vectors


_SIDES: dict[str, Callable[[Case, Place], _Ours | _Stock]] = {"ours": _Ours, "stock": _Stock}


def _run(model: _Ours | _Stock, batches: list[Tensor]) -> float:
    """Seconds of one pass."""

    def work() -> None:
        for character_ids in batches:
            model(character_ids)

    with torch.no_grad():
        model.prepare()
        return seconds(work)


def _run_once(side: str, case: Case, place: Place) -> None:
    _run(_SIDES[side](case, place), [batch_to_ids(batch) for batch in case.batches(place.quick)])


def rows(case: Case, name: str, place: Place, rates: Rates, runs: int) -> Iterator[Row]:
    """Ours against stock's `Elmo`."""
    row = Row(name, case.what, "stock `Elmo`, fp32", required=case.required)
    is_half = case.dtype == torch.bfloat16
    if is_half and not (rates.has_bf16 or place.quick):
        row.note = rates.without_bf16
        yield row
        return
    # What is written on first use is written here, lest it count as memory.
    place.bilm(case.shape)
    kept = frozenset(frequent_words(place)) if case.keeps_words else frozenset()
    batches = case.batches(place.quick)
    memories = {side: peak_memory(_run_once, side, case, place) for side in _SIDES}
    ids = [batch_to_ids(batch) for batch in batches]
    models = {side: make(case, place) for side, make in _SIDES.items()}
    sides = in_turn({side: partial(_run, model, ids) for side, model in models.items()}, runs, place.patience)
    flops = sum(bilm_flops(place.options(case.shape), batch, kept) for batch in batches)
    row.ours, row.other = (replace(sides[side], memory=memories[side]) for side in ("ours", "stock"))
    row.tokens = sum(map(number_of_tokens, batches))
    if case.dtype != torch.int8:
        row.floor = flops / (rates.bf16 if is_half else rates.fp32) / 1e9
    if kept:
        words = [{word for sentence in batch for word in sentence} for batch in batches]
        share = sum(len(distinct & kept) for distinct in words) / sum(map(len, words))
        row.note = f"{share:.0%} of a batch's distinct words"
    yield row
