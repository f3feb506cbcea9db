"""Text to tagged spans."""

from itertools import accumulate
from typing import Any

from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.data.tokenizers import Token
from allennlp.models import Model
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input, check_output, json_or_text, read_by, token_texts
from elmo_tasks.tasks.base.tagged import TagField
from elmo_tasks.tasks.ner.schemes import spans_to_tags, tags_to_spans


@Predictor.register("elmo_tagger")
class ElmoTaggerPredictor(LinePredictor):
    """
    Tags sentences. `{"sentence": "Ada went to Oslo."}` is split into tokens by spaCy's rules; `{"tokens": ["Ada",
    ...]}` is taken as it is. A line of a file that does not begin with `{` is a sentence without any JSON around it.

    The answer has the `tokens`, their `tags`, and the `spans` that these mark. A span has its `type`; its tokens,
    from `start` up to and without `end`; its characters, from `start_char` up to and without `end_char`; and its
    `text`. Characters are counted as Python counts them (in Unicode code points), in the sentence; or in the tokens
    joined by single spaces, where tokens were given or the reader's instances have no metadata. Where tags mark no
    spans (the model's `label_encoding` is null) there are no `spans`.

    # Parameters

    language : `str`, optional (default = `"en"`)
        Whose rules split sentences: spaCy's code of the language (`--predictor-args '{"language": "de"}'`).
    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, with the input's beginning.

    Registered as a `Predictor` with name "elmo_tagger".
    """

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
        self._marks_spans = getattr(model, "label_encoding", None) is not None

    @overrides
    def parse_line(self, line: str) -> JsonDict:
        """A JSON object where the line begins with `{`, and a raw sentence otherwise."""
        return json_or_text(line, "sentence")

    def predict(self, sentence: str) -> JsonDict:
        """The answer for one raw sentence."""
        return self.predict_json({"sentence": sentence})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict) or ("sentence" in json_dict) == ("tokens" in json_dict):
            raise bad_input(json_dict, 'must be an object with either "sentence" or "tokens"')
        if "tokens" in json_dict:
            return read_by(self._dataset_reader, ["tokens"], _tokens(json_dict))
        sentence = json_dict["sentence"]
        if not isinstance(sentence, str):
            raise bad_input(json_dict, f'"sentence" must be a string, not {type(sentence).__name__}')
        instance = read_by(self._dataset_reader, ["tokens"], self._tokenizer.tokenize(sentence))
        metadata = _metadata(instance)
        if metadata is not None:
            metadata["sentence"] = sentence
        return instance

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """
        For AllenNLP Interpret: an instance for each predicted span, in which all else is outside of spans, so that
        each span is explained by itself; one with all tags where there is no span or tags mark none.
        """
        tags = outputs["tags"]
        scheme: Any = getattr(self._model, "label_encoding", None)
        namespace: str = getattr(self._model, "label_namespace", "labels")
        spans = tags_to_spans(tags) if self._marks_spans else []
        instances = []
        for labels in [spans_to_tags([span], len(tags), scheme) for span in spans] or [tags]:
            labeled = instance.duplicate()
            field = TagField(labels, labeled["tokens"], namespace)  # type: ignore[arg-type]
            labeled.add_field("tags", field, self._model.vocab)
            instances.append(labeled)
        return instances

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        check_output(self._model, output, "tags")
        answer = {"tokens": output.get("words") or token_texts(instance["tokens"]), "tags": output["tags"]}
        if self._marks_spans:
            answer["spans"] = _spans(instance, output["tags"])
        return answer


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


def _metadata(instance: Instance) -> dict[str, Any] | None:
    """That of our reader and most others'; an instance need not have any, nor its model take any."""
    field: Any = instance.fields.get("metadata")
    return field.metadata if field is not None and isinstance(field.metadata, dict) else None


def _spans(instance: Instance, tags: list[str]) -> list[JsonDict]:
    """The spans that the tags mark, with their places in the sentence."""
    tokens: list[Token] = instance["tokens"].tokens  # type: ignore[attr-defined]
    sentence = (_metadata(instance) or {}).get("sentence")
    words = token_texts(instance["tokens"])
    if sentence is None:
        sentence = " ".join(words)
        starts = [0, *accumulate(len(word) + 1 for word in words)]
    else:
        starts = [int(token.idx or 0) for token in tokens]
    spans = []
    for span in tags_to_spans(tags):
        start, end = starts[span.start], starts[span.end - 1] + len(words[span.end - 1])
        spans.append(
            {
                "type": span.type,
                "start": span.start,
                "end": span.end,
                "start_char": start,
                "end_char": end,
                "text": sentence[start:end],
            }
        )
    return spans
