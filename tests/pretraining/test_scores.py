"""Sentences' scores against the model run step by step, with a plain softmax over all words."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from allennlp.data import Vocabulary
from allennlp.modules.elmo import _ElmoBiLm
from torch import Tensor

from elmo_tasks.bilm import BiLMOptions, batch_to_ids
from elmo_tasks.bilm.characters import EmptyWordError
from elmo_tasks.pretraining import LanguageModel
from elmo_tasks.pretraining.scores import Score, ScoreError, Scorer, answered

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=16, projection_dim=8)
WORDS = ["the", "</S>", "<S>", "cat", "dog", "saw", "İstanbul", "東京", "."]

SENTENCES = [
    ["the", "cat", "saw", "the", "dog", "."],
    [],
    ["xylophone"],
    ["dog"] * 30,
    ["🙂", "İstanbul", "東京", "\u200bcat", "\u05e9\u05dc\u05d5\u05dd", "\ufeffthe", "x" * 500, "\ud800"],
    ["the", "cat"],
]


@pytest.fixture
def model() -> LanguageModel:
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(WORDS, "words")
    model = LanguageModel(vocab, OPTIONS.to_dict(), dropout=0.5, num_samples=4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
        model.bilm.char_cnn.character_embedding[0] = 0.0
    return model


def by_hand(model: LanguageModel, sentence: Sequence[str], folder: Path) -> tuple[list[float], list[float]]:
    """
    By AllenNLP's own biLM, which puts the boundaries around the sentence and gives their layers too, and the full
    softmax of each place. The backward list begins with the sentence's beginning.
    """
    files = folder / "options.json", folder / "weights.hdf5"
    model.bilm.save(*files)
    stock = _ElmoBiLm(*map(str, files))
    stock.eval()
    ids = batch_to_ids([sentence])
    with torch.no_grad():
        # Shape: (tokens + 2, 16): forward, then backward
        states = stock(ids)["activations"][-1][0]
    vocab = model.vocab
    # As text, what AllenNLP and the language model call their own tokens is outside the vocabulary.
    text = ["?" if word in ("<S>", "</S>", "@@PADDING@@") else word for word in sentence]
    wanted = [vocab.get_token_index(word, "words") - 1 for word in text]
    start, end = (vocab.get_token_index(word, "words") - 1 for word in ("<S>", "</S>"))

    def log_softmax(state: Tensor, word: int) -> float:
        logits = (model.softmax.weight @ state + model.softmax.bias).tolist()
        return logits[word] - math.log(sum(map(math.exp, logits)))

    forward = [log_softmax(state, word) for state, word in zip(states[:-1, :8], [*wanted, end], strict=True)]
    backward = [log_softmax(state, word) for state, word in zip(states[1:, 8:], [start, *wanted], strict=True)]
    return forward, backward


@pytest.mark.parametrize("sentence", [SENTENCES[0], SENTENCES[2], ["the", "<S>", "</S>", "@@PADDING@@", "cat"]])
def test_each_token_is_as_likely_as_by_stock_allennlp_and_a_plain_softmax(model, sentence, tmp_path):
    (score,) = Scorer(model).scores([sentence])
    forward, backward = by_hand(model, sentence, tmp_path)
    assert score.forward.tolist() == pytest.approx(forward, abs=1e-4)
    assert score.backward.tolist() == pytest.approx(backward, abs=1e-4)


def test_an_empty_sentence_is_its_end_right_after_its_beginning(model):
    (score,) = Scorer(model).scores([[]])
    # Of a sentence with tokens, the first forward state and the first backward one come of the same beginnings.
    with torch.no_grad():
        bounds = [torch.tensor(ids).unsqueeze(0) for ids in _boundaries()]
        vectors = torch.stack([model.bilm.char_cnn(ids) for ids in bounds])
        layers, _ = model.bilm.lstm(vectors, [1], model.bilm.lstm.initial_states(1))
        logits = layers[-1][:, 0] @ model.softmax.weight.t() + model.softmax.bias
    expected = logits.log_softmax(dim=1)
    end, start = (model.vocab.get_token_index(word, "words") - 1 for word in ("</S>", "<S>"))
    assert score.forward.tolist() == pytest.approx([float(expected[0, end])], abs=1e-5)
    assert score.backward.tolist() == pytest.approx([float(expected[1, start])], abs=1e-5)
    assert score.unknown == []


def _boundaries() -> list[list[int]]:
    from elmo_tasks.bilm.characters import SENTENCE_END_IDS, SENTENCE_START_IDS

    return [SENTENCE_START_IDS.tolist(), SENTENCE_END_IDS.tolist()]


@pytest.mark.parametrize("block", [(512, 1024), (3, 4)])
@pytest.mark.parametrize(("direction", "never"), [("forward", "<S>"), ("backward", "</S>")])
def test_all_that_can_stand_next_adds_up_to_one(model, monkeypatch, direction, never, block):
    """Next to "the cat": any word, an unknown one, or the boundary; the other boundary is made impossible."""
    for name, size in zip(("_EXACT_TOKENS", "_EXACT_WORDS"), block, strict=True):
        monkeypatch.setattr(f"elmo_tasks.pretraining.softmax.{name}", size)
    with torch.no_grad():
        model.softmax.bias[model.vocab.get_token_index(never, "words") - 1] = -100
    words = [[word] for word in WORDS if word not in ("<S>", "</S>")] + [["unknown"], []]
    context, sentences, place = ["the", "cat"], [], 2
    if direction == "forward":
        sentences = [context + word for word in words]
    else:
        sentences, place = [word + context for word in words], -3
    probabilities = [getattr(score, direction)[place].exp() for score in Scorer(model).scores(sentences)]
    assert float(sum(probabilities)) == pytest.approx(1, abs=1e-5)


def test_batch_mates_and_their_order_change_nothing(model):
    scorer = Scorer(model)
    alone = [scorer.scores([sentence])[0] for sentence in SENTENCES]
    for order in ([0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4], [4, 4, 1, 1, 5]):
        for number, score in zip(order, scorer.scores([SENTENCES[number] for number in order]), strict=True):
            torch.testing.assert_close(score.forward, alone[number].forward, rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(score.backward, alone[number].backward, rtol=1e-5, atol=1e-5)
            assert score.tokens == SENTENCES[number]
            assert score.unknown == alone[number].unknown


def test_unknown_words_are_said(model):
    scores = Scorer(model).scores(SENTENCES)
    assert [sum(score.unknown) for score in scores] == [0, 0, 1, 0, 6, 0]
    assert scores[4].unknown == [True, False, False, True, True, True, True, True]


def test_it_is_the_perplexity_of_a_text_whose_sentences_stand_alone(model, tmp_path):
    """With a stream a sentence each begins with zeros there too."""
    from elmo_tasks.pretraining.perplexity import measure_perplexity

    lines = ["the cat saw the dog .", "dog saw xylophone", "東京"]
    (tmp_path / "text.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    measured = measure_perplexity(model, str(tmp_path / "text.txt"), streams=3, window=1)
    scores = Scorer(model).scores([line.split() for line in lines])
    for direction in ("forward", "backward"):
        total = sum(score.totals()[direction] for score in scores)
        assert math.exp(-total / measured["tokens"]) == pytest.approx(measured[f"{direction}_perplexity"], rel=1e-5)
    assert sum(sum(score.unknown) for score in scores) == pytest.approx(measured["unknown"] * measured["tokens"])


def test_dropout_and_sampling_have_no_part_in_it(model):
    first, again = (Scorer(model.train()).scores(SENTENCES) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.forward, other.forward)
        assert torch.equal(one.backward, other.backward)


def test_totals_and_json():
    numbers = (torch.tensor(values, dtype=torch.double) for values in ([-1.0, -2.0, -4.5], [-0.25, -3.0, -1.0000004]))
    score = Score(["<S>", "dog"], [True, False], *numbers)
    assert score.totals() == {"forward": -7.5, "backward": -4.2500004, "together": pytest.approx(-11.7500004)}
    assert score.totals(mean=True) == {
        "forward": -2.5,
        "backward": pytest.approx(-4.2500004 / 3),
        "together": pytest.approx(-11.7500004 / 3),
    }
    record = {"tokens": 2, "unknown": 1, "forward": -7.5, "backward": -4.25, "together": -11.75}
    assert score.to_json() == record
    assert score.to_json(by_token=True) == {
        **record,
        "by_token": [
            {"token": "<S>", "backward": -0.25},
            {"token": "<S>", "unknown": True, "forward": -1.0, "backward": -3.0},
            {"token": "dog", "forward": -2.0, "backward": -1.0},
            {"token": "</S>", "forward": -4.5},
        ],
    }


def test_a_model_that_has_diverged_is_named(model):
    torch.nn.init.constant_(model.softmax.weight, math.nan)
    with pytest.raises(ScoreError, match="gives no finite probabilities"):
        Scorer(model).scores([["the"]])
    with pytest.raises(EmptyWordError):
        Scorer(model).scores([["the", ""]])


def test_a_stream_is_answered_in_its_order_each_question_once():
    asked: list[list[str]] = []

    def answer(batch: Sequence[str]) -> list[int]:
        asked.append(list(batch))
        return [len(question) for question in batch]

    items = [("a", "ccc"), ("bb",), (), ("ccc", "ccc", "a")]
    told: list[int] = []
    found = list(answered(items, lambda item: item, len, answer, told.append))
    assert found == [(("a", "ccc"), [1, 3]), (("bb",), [2]), ((), []), (("ccc", "ccc", "a"), [3, 3, 1])]
    assert asked == [["ccc", "bb", "a"]]
    assert told == [6]


def test_a_stream_is_read_window_by_window(monkeypatch):
    monkeypatch.setattr("elmo_tasks.pretraining.scores._WINDOW_TOKENS", 4)
    read: list[int] = []

    def items():
        for number in range(100):
            read.append(number)
            yield "ab"

    stream = answered(items(), lambda item: [item], len, lambda batch: [0] * len(batch))
    assert next(stream) == ("ab", [0])
    assert len(read) == 2
    assert len(list(stream)) == 99
