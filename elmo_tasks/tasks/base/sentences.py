"""What predictors have in common that read one sentence and say where in it something is."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.data.tokenizers import Token
from allennlp.models import Model
from overrides import overrides

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input, read_by, token_texts
from elmo_tasks.tasks.base.schemes import Span


class SentencePredictor(LinePredictor):
    """
    A predictor whose input is a sentence, `{"sentence": "Ada went to Oslo."}`, which is split into tokens by spaCy's
    rules, or its tokens, `{"tokens": ["Ada", ...]}`, which are taken as they are. A line of a file that does not begin
    with `{` is a sentence without any JSON around it.

    # Parameters

    language : `str`, optional (default = `"en"`)
        Whose rules split sentences: spaCy's code of the language (`--predictor-args '{"language": "de"}'`).
    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.
    """

    raw_text = "sentence"

    def __init__(
        self,
        model: Model,
        dataset_reader: DatasetReader,
        frozen: bool = True,
        language: str = "en",
        skip_bad_lines: bool = False,
    ) -> None:
        super().__init__(model, dataset_reader, frozen, skip_bad_lines)
        self._tokenizer = SpacyRulesTokenizer(language)

    def predict(self, sentence: str) -> JsonDict:
        """The answer for one raw sentence."""
        return self.predict_json({"sentence": sentence})

    def more_inputs(self, json_dict: JsonDict, tokens: Sequence[Token]) -> dict[str, Any]:
        """What the reader's `text_to_instance` is given beside the tokens, by name."""
        return {}

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict) or ("sentence" in json_dict) == ("tokens" in json_dict):
            raise bad_input(json_dict, 'must be an object with either "sentence" or "tokens"')
        sentence = json_dict.get("sentence")
        if "tokens" in json_dict:
            tokens = _tokens(json_dict)
        elif isinstance(sentence, str):
            tokens = self._tokenizer.tokenize(sentence)
        else:
            raise bad_input(json_dict, f'"sentence" must be a string, not {type(sentence).__name__}')
        instance = read_by(self._dataset_reader, ["tokens"], tokens, **self.more_inputs(json_dict, tokens))
        metadata = metadata_of(instance)
        if metadata is not None and sentence is not None:
            metadata["sentence"] = sentence
        return instance


def _tokens(json_dict: JsonDict) -> list[Token]:
    tokens = json_dict["tokens"]
    if not isinstance(tokens, list):
        raise bad_input(json_dict, f'"tokens" must be a list, not {type(tokens).__name__}')
    for number, token in enumerate(tokens):
        if not isinstance(token, str) or not token:
            raise bad_input(
                json_dict, f"token {number} (counted from 0) must be a string that is not empty, not {token!r}"
            )
    return [Token(token) for token in tokens]


def metadata_of(instance: Instance) -> dict[str, Any] | None:
    """That of our reader and most others'; an instance need not have any, nor its model take any."""
    field: Any = instance.fields.get("metadata")
    return field.metadata if field is not None and isinstance(field.metadata, dict) else None


def located(instance: Instance, spans: Iterable[Span]) -> list[JsonDict]:
    """
    Spans of a sentence for an answer. Each has its `type`; its tokens, from `start` up to and without `end`; its
    characters, from `start_char` up to and without `end_char`; and its `text`. Characters are counted as Python counts
    them (in Unicode code points), in the sentence; or in the tokens joined by single spaces, where tokens were given or
    the reader's instances have no metadata.
    """
    tokens: list[Token] = instance["tokens"].tokens  # type: ignore[attr-defined]
    sentence = (metadata_of(instance) or {}).get("sentence")
    words = token_texts(instance["tokens"])
    if sentence is None:
        sentence = " ".join(words)
        starts = [0, *accumulate(len(word) + 1 for word in words)]
    else:
        starts = [int(token.idx or 0) for token in tokens]
    answers = []
    for span in spans:
        start, end = starts[span.start], starts[span.end - 1] + len(words[span.end - 1])
        answers.append(
            {
                "type": span.type,
                "start": span.start,
                "end": span.end,
                "start_char": start,
                "end_char": end,
                "text": sentence[start:end],
            }
        )
    return answers
