import math
from functools import partial
from pathlib import Path

import pytest
import torch
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError

from elmo_tasks.bilm import BiLMOptions
from elmo_tasks.pretraining import CorpusVocabulary, LanguageModel
from elmo_tasks.pretraining.corpus import SENTENCE_END, SENTENCE_START, CorpusReader
from elmo_tasks.pretraining.finetune import Perplexities
from elmo_tasks.pretraining.perplexity import measure_perplexity
from elmo_tasks.pretraining.vocabulary import softmax_rows
from elmo_tasks.pretraining.windows import WindowDataLoader

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=16, projection_dim=8)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("the cat saw the dog\na dog ran\n")
    return path


@pytest.fixture
def model(text: Path) -> LanguageModel:
    return LanguageModel(CorpusVocabulary.from_corpus(str(text)), OPTIONS.to_dict(), dropout=0.5, num_samples=4)


def test_without_weights_each_word_is_as_likely_as_any(model: LanguageModel, text: Path) -> None:
    """Whatever the dropout, and the words that training would sample."""
    for parameter in (model.softmax.weight, model.softmax.bias):
        torch.nn.init.zeros_(parameter)
    measured = measure_perplexity(model, str(text), streams=1)
    words = len(model.softmax.bias)
    assert measured == {
        "tokens": 10,
        "unknown": 0,
        "forward_perplexity": pytest.approx(words),
        "backward_perplexity": pytest.approx(words),
        "perplexity": pytest.approx(words),
    }


def test_tokens_are_counted_without_a_bar(model: LanguageModel, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As TQDM_DISABLE=1 does, which tqdm reads as it is imported.
    monkeypatch.setattr(Tqdm, "tqdm", partial(Tqdm.tqdm, disable=True))
    assert measure_perplexity(model, str(text), streams=1)["tokens"] == 10


def test_the_window_changes_nothing(model: LanguageModel, text: Path) -> None:
    measured = [measure_perplexity(model, str(text), streams=1, window=window)["perplexity"] for window in (1, 3, 20)]
    assert measured == pytest.approx([measured[0]] * 3)


@pytest.mark.parametrize("words", [{"cat", "dog", "zebra"}, {"the"}, {"the", SENTENCE_START, SENTENCE_END}])
def test_words_that_are_not_told_apart_are_one(model: LanguageModel, text: Path, words: set[str]) -> None:
    """Against the whole distribution, token by token."""
    torch.nn.init.normal_(model.softmax.weight)
    measured = measure_perplexity(model, str(text), streams=1, words=words)
    rows = softmax_rows(model.vocab)
    # A list of words need not have the boundaries.
    kept = sorted(rows[word] for word in (words | {SENTENCE_START, SENTENCE_END}) & set(rows))
    loader = WindowDataLoader(CorpusReader(), str(text), batch_size=1, window=20)
    loader.index_with(model.vocab)
    (batch,) = loader
    seen = []
    hook = model.softmax.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    with torch.no_grad():
        model(**batch)
    hook.remove()
    states, targets, *_ = seen[0]
    expected, unknown = [], 0
    for direction in range(2):
        total = 0.0
        for state, target in zip(states[direction], targets[direction].tolist(), strict=True):
            if target < 0:  # behind the text's end
                continue
            distribution = model.softmax.log_distribution(state.unsqueeze(0))[0].detach().double().exp()
            own = distribution[kept].sum()
            total -= math.log(distribution[target] if target in kept else 1 - own)
            unknown += target not in kept
        expected.append(math.exp(total / 10))
    assert [measured["forward_perplexity"], measured["backward_perplexity"]] == pytest.approx(expected, rel=1e-4)
    assert measured["unknown"] == unknown / 20
    # It was for that once.
    assert measure_perplexity(model, str(text), streams=1)["unknown"] == 0


def test_all_words_told_apart_are_the_models_own(model: LanguageModel, text: Path) -> None:
    own = measure_perplexity(model, str(text), streams=1)
    assert measure_perplexity(model, str(text), streams=1, words=set(softmax_rows(model.vocab))) == pytest.approx(own)


def test_a_vocabulary_without_a_common_word(model: LanguageModel, text: Path) -> None:
    with pytest.raises(ConfigurationError, match="has none of the words"):
        measure_perplexity(model, str(text), words={"zebra"})


@pytest.mark.parametrize("numbers", [{"streams": 0}, {"window": 0}])
def test_what_cannot_be(numbers: dict[str, int], model: LanguageModel, text: Path) -> None:
    with pytest.raises(ConfigurationError, match="1 is the least"):
        measure_perplexity(model, str(text), **numbers)
    with pytest.raises(ConfigurationError, match="names no corpus file"):
        measure_perplexity(model, str(text.with_name("missing")))


def test_fine_tuning_is_judged_by_the_lowest_figures() -> None:
    perplexities = Perplexities({"epoch 1, softmax": 9.0, "epoch 2, softmax": 12.0}, {"epoch 3, all": 10.0}, 0.25)
    assert perplexities.figures == {
        "before": 9.0,
        "after": 10.0,
        "unknown": 0.25,
        "all": {"epoch 1, softmax": 9.0, "epoch 2, softmax": 12.0, "epoch 3, all": 10.0},
    }
    assert not perplexities.is_better
    assert Perplexities({}, {"epoch 1, all": 10.0}, 0).is_better
    assert Perplexities({}, {"epoch 1, all": 10.0}, 0).figures["before"] is None
