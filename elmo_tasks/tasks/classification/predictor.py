"""A text to a label."""

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.predictor import (
    LabelPredictor,
    bad_input,
    json_or_text,
    read_by,
    token_texts,
)
from elmo_tasks.tasks.base.text import check_text
from elmo_tasks.tasks.classification.corpus import DocumentError
from elmo_tasks.tasks.classification.reader import ClassificationReader


@Predictor.register("elmo_classifier")
class ElmoClassifierPredictor(LabelPredictor):
    """
    Labels texts. `{"text": "What is ELMo?"}` is split into tokens by the reader's tokenizer; `{"tokens": ["What",
    ...]}` is taken as it is. A line of a file that does not begin with `{` is a text without any JSON around it.

    The answer has the `label`, the `probabilities` by label, and the `tokens` that were read; and, where the reader
    cuts long texts and this is one, `tokens_left_out`, the number of those that were not.

    Stock models are served too (`--predictor elmo_classifier`): their reader makes the text field `tokens` of a string,
    as "text_classification_json" does, and they give `probs`, as "basic_classifier" does. Their readers take no lists
    of tokens.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, or the text is empty, with the input's beginning; or if another reader's
        instances have no such field, or another model gives no probabilities.

    Registered as a `Predictor` with name "elmo_classifier".
    """

    @overrides
    def parse_line(self, line: str) -> JsonDict:
        """A JSON object where the line begins with `{`, and a raw text otherwise."""
        return json_or_text(line, "text")

    def predict(self, text: str) -> JsonDict:
        """The answer for one raw text."""
        return self.predict_json({"text": text})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict) or ("text" in json_dict) == ("tokens" in json_dict):
            raise bad_input(json_dict, 'must be an object with either "text" or "tokens"')
        name, kind = ("text", str) if "text" in json_dict else ("tokens", list)
        if not isinstance(json_dict[name], kind):
            raise bad_input(json_dict, f'cannot be taken: "{name}" must be a {"string" if kind is str else "list"}')
        try:
            text = check_text(json_dict[name], name, "classify", DocumentError)
        except DocumentError as error:
            raise bad_input(json_dict, f"cannot be taken: {error}") from None
        reader = self._dataset_reader
        if isinstance(reader, ClassificationReader):
            return reader.text_to_instance(text)
        if not isinstance(text, str):
            raise bad_input(
                json_dict,
                f'has a list of tokens, which the reader "elmo_classification" takes, and {type(reader).__name__} does '
                "not: give a string",
            )
        return read_by(reader, ["tokens"], text)

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """
        For AllenNLP Interpret: the text with its predicted label. Raises `ConfigurationError` where the reader has cut
        it into windows, of which Interpret knows nothing.
        """
        if "tokens" not in instance.fields:
            raise ConfigurationError(
                "AllenNLP Interpret looks at texts that are read whole, and here they are read by windows: override "
                'the reader\'s long_texts by "cut".'
            )
        return super().predictions_to_labeled_instances(instance, outputs)

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        label, probabilities = self.label_and_probabilities(output)
        tokens = token_texts(instance["tokens"]) if "tokens" in instance.fields else output["tokens"]
        answer = {"label": label, "probabilities": probabilities, "tokens": tokens}
        if left_out := output.get("tokens_left_out"):
            answer["tokens_left_out"] = left_out
        return answer
