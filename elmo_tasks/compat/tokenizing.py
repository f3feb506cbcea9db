"""
Tokenizers that need what is not there, or is called otherwise now.

What it mends: AllenNLP 2.10.1's "spacy" tokenizer asks for tags, and so for a model from the network, even where nobody
does; and its transformers' tokenizers give a keyword that transformers 4.48 and later do not take.
How one sees it: `Can't find model 'en_core_web_sm'` and the end of the program; `add_special_tokens conflicts with the
method add_special_tokens`.
Until when: as long as AllenNLP is used.
"""

import copy
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

import spacy
from allennlp.common import cached_transformers
from allennlp.common.util import get_spacy_model
from allennlp.data.tokenizers import SpacyTokenizer, sentence_splitter, spacy_tokenizer

from elmo_tasks.compat.replacing import replacement, stock_of

logger = logging.getLogger(__name__)


def apply() -> None:
    """Applies all of it."""
    split_words_without_a_model()
    get_transformer_tokenizers()


def split_words_without_a_model() -> None:
    """
    Lets AllenNLP's "spacy" tokenizer, and its sentence splitter by rules, go without spaCy's model where that is not
    installed and only its rules are needed: no tags, no parse, no entities are asked for, nor spaCy's own tokens. The
    rules are those of `spacy.blank`. Says so once in the log.

    The tokenizer tags by default, which its own documentation denies, so the default does not count as asked for.

    What broke: `SpacyTokenizer()` and the predictors "sentence_tagger" and "text_classifier" try to download
    `en_core_web_sm`, and end the program where there is no network or no such version.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    stock = stock_of(SpacyTokenizer.__init__)

    def __init__(
        self: SpacyTokenizer,
        language: str = "en_core_web_sm",
        pos_tags: Optional[bool] = None,
        parse: bool = False,
        ner: bool = False,
        keep_spacy_tokens: bool = False,
        split_on_spaces: bool = False,
        start_tokens: Optional[list[str]] = None,
        end_tokens: Optional[list[str]] = None,
    ) -> None:
        if pos_tags is None:
            pos_tags = parse or ner or keep_spacy_tokens or _rules_of(language) is None
        stock(self, language, pos_tags, parse, ner, keep_spacy_tokens, split_on_spaces, start_tokens, end_tokens)

    def model_or_rules(
        spacy_model_name: str, pos_tags: bool = True, parse: bool = False, ner: bool = False
    ) -> spacy.Language:
        rules = None if pos_tags or parse or ner else _rules_of(spacy_model_name)
        if rules is None:
            return get_spacy_model(spacy_model_name, pos_tags, parse, ner)
        # A copy: who splits at spaces puts another tokenizer into it.
        return copy.copy(rules)

    def model_for_sentences(spacy_model_name: str, parse: bool, ner: bool) -> spacy.Language:
        """The splitter says nothing of tags, and does not use them."""
        return model_or_rules(spacy_model_name, parse or _rules_of(spacy_model_name) is None, parse, ner)

    SpacyTokenizer.__init__ = replacement(__init__, stock)  # type: ignore[method-assign]
    spacy_tokenizer.get_spacy_model = model_or_rules
    sentence_splitter.get_spacy_model = model_for_sentences  # type: ignore[assignment]


@lru_cache
def _rules_of(model: str) -> spacy.Language | None:
    """The rules of a spaCy model's language, such as "en_core_web_sm"; nothing if it is installed or no such name."""
    language, _, rest = model.partition("_")
    if not rest or spacy.util.is_package(model) or Path(model).exists():
        return None
    try:
        rules = spacy.blank(language)
    except ImportError:
        return None
    logger.warning(f"spaCy's model {model} is not installed: words are split by the same rules, without tags.")
    return rules


def get_transformer_tokenizers() -> None:
    """
    Leaves out a keyword with which AllenNLP asks for transformers' tokenizers. It did nothing: each call of such a
    tokenizer says whether special tokens are wanted.

    What broke: `AttributeError: add_special_tokens conflicts with the method add_special_tokens in BertTokenizer`.
    With which version: transformers 4.48, and perhaps before.
    When it can go: not while AllenNLP gives it.
    """

    stock = stock_of(cached_transformers.get_tokenizer)

    def get_tokenizer(model_name: str, *, add_special_tokens: bool = True, **kwargs: Any) -> Any:
        return stock(model_name, **kwargs)

    cached_transformers.get_tokenizer = replacement(get_tokenizer, stock)
