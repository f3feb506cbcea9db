"""spaCy's rules for splitting text into words, which need no downloaded model."""

from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.splitting import SplittingError, split_words, word_rules


@Tokenizer.register("elmo_spacy_rules")
class SpacyRulesTokenizer(Tokenizer):
    """
    Words by spaCy's rules for a language. AllenNLP's own "spacy" tokenizer splits by the same rules, but loads a
    model for them (`en_core_web_sm`), which has to be downloaded. White space is never a token. What has more than 500
    characters without any white space is split in parts of 500, so that the time for a text grows with its length.

    A token knows where it stands: `text[token.idx:token.idx_end] == token.text`.

    # Parameters

    language : `str`, optional (default = `"en"`)
        spaCy's code of the language; `"xx"` is for any.

    # Raises

    `ConfigurationError`
        If spaCy has no rules for the language, or they need a package that is not installed.

    Registered as a `Tokenizer` with name "elmo_spacy_rules".
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language
        try:
            self._split = word_rules(language)
        except SplittingError as error:
            raise ConfigurationError(str(error)) from error

    @overrides
    def tokenize(self, text: str) -> list[Token]:
        return [Token(word.text, word.start, word.end) for word in split_words(text, self._split)]

    @overrides
    def _to_params(self) -> dict[str, str]:
        return {"type": "elmo_spacy_rules", "language": self._language}
