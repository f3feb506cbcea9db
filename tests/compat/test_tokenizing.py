from pathlib import Path
from typing import Any

import pytest
import spacy
from allennlp.common import Params
from allennlp.data.tokenizers import PretrainedTransformerTokenizer, SpacyTokenizer, Tokenizer
from allennlp.data.tokenizers.sentence_splitter import SpacySentenceSplitter

from elmo_tasks.compat import tokenizing


def test_transformers_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "c"]))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    tokenizer = PretrainedTransformerTokenizer(str(tmp_path))
    assert [token.text for token in tokenizer.tokenize("a c")] == ["[CLS]", "a", "c", "[SEP]"]
    without = PretrainedTransformerTokenizer(str(tmp_path), add_special_tokens=False)
    assert [token.text for token in without.tokenize("a c")] == ["a", "c"]
    assert [token.text for token in without.add_special_tokens(without.tokenize("a"), without.tokenize("b"))] == [
        "[CLS]", "a", "[SEP]", "b", "[SEP]"
    ]  # fmt: skip


no_model = pytest.mark.skipif(spacy.util.is_package("en_core_web_sm"), reason="spaCy's model is installed")


TEXT = "Don't panic, it's  only $5 (at most)!"


WORDS = ["Do", "n't", "panic", ",", "it", "'s", "only", "$", "5", "(", "at", "most", ")", "!"]


def texts(tokens: list[Any]) -> list[str]:
    return [token.text for token in tokens]


@no_model
def test_spacys_rules_need_no_model(caplog: pytest.LogCaptureFixture) -> None:
    tokenizing._rules_of.cache_clear()
    for tokenizer in (SpacyTokenizer(), SpacyTokenizer(pos_tags=False), Tokenizer.from_params(Params({}))):
        assert texts(tokenizer.tokenize(TEXT)) == WORDS
    # This tokenizer puts another one into its model, which the others must not get.
    assert texts(SpacyTokenizer(split_on_spaces=True).tokenize("Don't panic,")) == ["Don't", "panic,"]
    assert texts(SpacyTokenizer().tokenize(TEXT)) == WORDS
    said = [record for record in caplog.records if record.levelname == "WARNING"]
    assert [record.message for record in said if "en_core_web_sm" in record.message] == [
        "spaCy's model en_core_web_sm is not installed: words are split by the same rules, without tags."
    ]
    assert texts(SpacyTokenizer("de_core_news_sm").tokenize("z.B. heute")) == ["z.B.", "heute"]


@no_model
@pytest.mark.parametrize("asked", [{"pos_tags": True}, {"parse": True}, {"ner": True}, {"keep_spacy_tokens": True}])
@pytest.mark.parametrize("in_python", [True, False])
def test_a_model_that_is_asked_for_is_still_loaded(
    asked: dict, in_python: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = []

    def download(name: str) -> None:
        wanted.append(name)
        raise SystemExit(1)

    monkeypatch.setattr("allennlp.common.util.spacy_download", download)
    with pytest.raises(SystemExit):
        SpacyTokenizer(**asked) if in_python else Tokenizer.from_params(Params({"type": "spacy", **asked}))
    assert wanted == ["en_core_web_sm"]


@no_model
def test_sentences_are_split_by_rules_without_a_model() -> None:
    assert SpacySentenceSplitter(rule_based=True).split_sentences("One. Two!") == ["One.", "Two!"]
    assert texts(SpacyTokenizer().tokenize(TEXT)) == WORDS
