import pickle
import sys

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from elmo_tasks.modules import chinese
from elmo_tasks.modules.chinese import ChineseCharacterTokenizer, JiebaTokenizer

SENTENCE = "我不喜欢吃苹果。"


def texts(tokens: list[Token]) -> list[str]:
    return [token.text for token in tokens]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SENTENCE, "我 不 喜 欢 吃 苹 果 。"),
        ("住了2晚,wifi很快!", "住 了 2 晚 , wifi 很 快 !"),
        ("𠮷野家 ひらがな", "𠮷 野 家 ひ ら が な"),
        ("İstanbul cafe\u0301", "İstanbul cafe\u0301"),
        ("好😀\u200b差", "好 😀 \u200b 差"),
        ("שלום", "שלום"),
        (" \u3000\n", ""),
        ("", ""),
    ],
)
def test_splits_into_characters(text: str, expected: str) -> None:
    assert texts(ChineseCharacterTokenizer().tokenize(text)) == (expected.split(" ") if expected else [])


@settings(max_examples=100)
@given(st.text() | st.text("我不喜ab1 .\u0301😀\u3000", max_size=30))
def test_characters_are_where_they_say_and_nothing_is_left_out(text: str) -> None:
    tokens = ChineseCharacterTokenizer().tokenize(text)
    assert [text[token.idx : token.idx_end] for token in tokens] == texts(tokens)
    assert "".join(texts(tokens)) == "".join(text.split())


def test_characters_from_a_config() -> None:
    tokenizer = Tokenizer.from_params(Params({"type": "elmo_chinese_characters"}))
    assert texts(Tokenizer.from_params(tokenizer.to_params()).tokenize("我3")) == ["我", "3"]


@pytest.fixture
def no_cache() -> None:
    chinese._jieba.cache_clear()


@pytest.mark.usefixtures("no_cache")
def test_jieba_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(ConfigurationError, match=r'"elmo_jieba" needs jieba, .* pip install "jieba>=0\.42\.1"'):
        Tokenizer.from_params(Params({"type": "elmo_jieba"}))


@pytest.mark.usefixtures("no_cache")
def test_a_jieba_that_lacks_a_library_says_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named 'other' for {name}", name="other")

    monkeypatch.setattr(chinese, "import_module", fail)
    with pytest.raises(ModuleNotFoundError, match="other"):
        JiebaTokenizer()


class FakeJieba:
    """Words of two characters, white space among them."""

    def setLogLevel(self, level: int) -> None:
        pass

    def tokenize(self, text: str, HMM: bool) -> list[tuple[str, int, int]]:
        return [(text[start : start + 2], start, start + 2) for start in range(0, len(text), 2)]


@pytest.mark.usefixtures("no_cache")
def test_words_are_what_jieba_says_without_white_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jieba", FakeJieba())
    tokens = JiebaTokenizer().tokenize("喜欢  苹果")
    assert [(token.text, token.idx, token.idx_end) for token in tokens] == [("喜欢", 0, 2), ("苹果", 4, 6)]
    chinese._jieba.cache_clear()


@pytest.mark.usefixtures("no_cache")
def test_words_are_jiebas() -> None:
    pytest.importorskip("jieba", reason="jieba is an optional package")
    tokenizer = JiebaTokenizer()
    assert texts(tokenizer.tokenize(SENTENCE)) == ["我", "不", "喜欢", "吃", "苹果", "。"]
    text = "酒店 wifi\t很快😀 \ud83d"
    tokens = pickle.loads(pickle.dumps(tokenizer)).tokenize(text)
    assert [text[token.idx : token.idx_end] for token in tokens] == texts(tokens)
    assert "".join(texts(tokens)) == "".join(text.split())
    assert Tokenizer.from_params(JiebaTokenizer(hmm=True).to_params())._hmm is True


def test_hmm_is_a_flag() -> None:
    with pytest.raises(ConfigurationError, match="hmm is 'no'; it must be true or false"):
        JiebaTokenizer(hmm="no")  # type: ignore[arg-type]
