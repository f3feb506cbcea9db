"""What tasks have in common that give one text a label: how it becomes an instance, and how it is predicted."""

from typing import Any, Optional

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.data.fields import Field, MetadataField, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.labels import OpenLabel
from elmo_tasks.tasks.base.predictor import LabelPredictor, bad_input, read_by, token_texts
from elmo_tasks.tasks.base.reader import TextReader
from elmo_tasks.tasks.base.text import Text, check_text


class LabelledTextReader(TextReader):
    """
    A reader whose instances are texts with the fields `tokens`, `label` and `metadata` (`tokens`, strings; and `label`,
    if there is one).

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        Splits raw text, that of files as well as that which a predictor is given.
    kwargs : `Any`
        `max_instances`, see `TextReader`.
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tokenizer: Optional[Tokenizer] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        self._tokenizer = tokenizer or SpacyRulesTokenizer()

    def split(self, text: Text) -> list[Token]:
        """The tokens of raw text by the tokenizer, and given ones as they are."""
        return self._tokenizer.tokenize(text) if isinstance(text, str) else [Token(token) for token in text]

    @overrides(check_signature=False)
    def text_to_instance(self, text: Text, label: str | None = None) -> Instance:
        """
        # Parameters

        text : `str` or `list[str]`
            Raw text, which the tokenizer splits, or tokens.
        label : `str`, optional
            None where it is to be predicted.
        """
        tokens = self.split(text)
        return labelled({"tokens": TextField(tokens)}, {"tokens": [token.text for token in tokens]}, label)


def labelled(fields: dict[str, Field], metadata: dict[str, Any], label: str | None) -> Instance:
    """An instance of these fields, its metadata and its label, which the metadata has too; None: there is none."""
    if label is None:
        return Instance({**fields, "metadata": MetadataField(metadata)})
    metadata = {**metadata, "label": label}
    return Instance({**fields, "metadata": MetadataField(metadata), "label": OpenLabel(label)})


class LabelledTextPredictor(LabelPredictor):
    """
    A predictor that labels texts. `{"text": "What is ELMo?"}` is split into tokens by the reader's tokenizer;
    `{"tokens": ["What", ...]}` is taken as it is. A line of a file that does not begin with `{` is a text without any
    JSON around it.

    The answer has the `label`, the `probabilities` by label, and the `tokens` that were read; and `tokens_left_out`,
    the number of tokens that were not, where the reader cuts long texts and this is one.

    Stock models are served too: their reader makes the text field `tokens` of a string, as "text_classification_json"
    does, and they give `probs`, as "basic_classifier" does. Their readers take no lists of tokens.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, or the text is empty, with the input's beginning; or if another reader's
        instances have no such field, or another model gives no probabilities.
    """

    raw_text = "text"

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
            text = check_text(json_dict[name], name, "classify", ValueError)
        except ValueError as error:
            raise bad_input(json_dict, f"cannot be taken: {error}") from None
        reader = self._dataset_reader
        if isinstance(reader, LabelledTextReader):
            return reader.text_to_instance(text)
        if not isinstance(text, str):
            raise bad_input(
                json_dict,
                f"has a list of tokens, which this project's readers take, and {type(reader).__name__} does not: give "
                "a string",
            )
        return read_by(reader, ["tokens"], text)

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        label, probabilities = self.label_and_probabilities(output)
        tokens = token_texts(instance["tokens"]) if "tokens" in instance.fields else output["tokens"]
        answer = {"label": label, "probabilities": probabilities, "tokens": tokens}
        if left_out := output.get("tokens_left_out"):
            answer["tokens_left_out"] = left_out
        return answer
