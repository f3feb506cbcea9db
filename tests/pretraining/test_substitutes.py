import pytest
import torch
from allennlp.data import Vocabulary

from elmo_tasks.bilm import BiLMOptions
from elmo_tasks.pretraining import LanguageModel
from elmo_tasks.pretraining.scores import Line, ScoreError, Scorer
from elmo_tasks.pretraining.substitutes import Place, Substitute, Substitutes, find_places

OPTIONS = BiLMOptions(character_dim=4, filters=((1, 4), (2, 8)), num_highway=1, cell_dim=16, projection_dim=8)
WORDS = ["the", "</S>", "<S>", "cat", "dog", "saw", "東京"]
REAL = [word for word in WORDS if word not in ("<S>", "</S>")]


@pytest.fixture
def model() -> LanguageModel:
    vocab = Vocabulary()
    vocab.add_tokens_to_namespace(WORDS, "words")
    model = LanguageModel(vocab, OPTIONS.to_dict(), dropout=0.5, num_samples=4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return model


PLACES = [Place(("the",), ("saw", "a", "dog")), Place((), ()), Place(("dog",) * 9, ()), Place((), ("🙂", "cat"))]


@pytest.mark.parametrize("logits", [1, 1 << 22])
def test_they_are_what_each_word_in_the_place_would_score_there(model, monkeypatch, logits):
    """Each word is put there and scored, by both directions; their products are made to add up to 1."""
    monkeypatch.setattr("elmo_tasks.pretraining.substitutes._LOGITS", logits)
    scorer = Scorer(model)
    for place, found in zip(PLACES, Substitutes(model, 100).find(PLACES), strict=True):
        expected = []
        for word in REAL:
            (score,) = scorer.scores([[*place.before, word, *place.after]])
            position = len(place.before)
            expected.append((word, float(score.forward[position]), float(score.backward[position + 1])))
        products = torch.tensor([forward + backward for _, forward, backward in expected]).softmax(dim=0).tolist()
        ranked = sorted(zip(products, expected, strict=True), reverse=True)
        assert [substitute.word for substitute in found] == [word for _, (word, *_) in ranked]
        for substitute, (product, (_, *logarithms)) in zip(found, ranked, strict=True):
            assert substitute.probability == pytest.approx(product, abs=1e-5)
            assert [substitute.forward, substitute.backward] == pytest.approx(logarithms, abs=1e-4)


def test_the_likeliest_first_and_only_so_many(model):
    (whole,) = Substitutes(model, 100).find(PLACES[:1])
    assert {substitute.word for substitute in whole} == set(REAL)
    assert sum(substitute.probability for substitute in whole) == pytest.approx(1)
    (two,) = Substitutes(model, 2).find(PLACES[:1])
    assert two == whole[:2]
    with pytest.raises(ScoreError, match=r"cannot be 0 likeliest words; 1 is the least\."):
        Substitutes(model, 0)


def places(*texts: str, mark: str = "___") -> list[Place]:
    lines = [Line("text.txt", number, text) for number, text in enumerate(texts, 1)]
    return [place for _, place in find_places(lines, lambda text: tuple(text.split()), mark)]


def test_a_place_is_found_wherever_the_mark_stands():
    assert places("The ___ sat .", "___", "a cup of ___.", "\u200f___ שלום") == [
        Place(("The",), ("sat", ".")),
        Place((), ()),
        Place(("a", "cup", "of"), (".",)),
        Place(("\u200f",), ("שלום",)),
    ]
    assert places("The [MASK] sat ___", mark="[MASK]") == [Place(("The",), ("sat", "___"))]
    assert Place(("a",), ("b", "c")).num_tokens() == 4


@pytest.mark.parametrize(("text", "number"), [("", 0), ("The cat", 0), ("The ____ sat", 0), ("The ___ sat ___ .", 2)])
def test_a_line_without_one_place_is_named(text, number):
    with pytest.raises(ScoreError, match=rf'text\.txt, line 2: one place must be marked "___", and {number} are\.'):
        places("The ___", text)
    with pytest.raises(ScoreError, match="mark of a place is empty"):
        places("The ___", mark="")


def test_json():
    assert Substitute("cat", 0.12345678, -1.0, -2.00000049).to_json() == {
        "word": "cat",
        "probability": 0.123457,
        "forward": -1.0,
        "backward": -2.0,
    }
