"""A premise and a hypothesis to a label."""

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.predictor import LabelPredictor, bad_input, read_by, token_texts
from elmo_tasks.tasks.base.text import check_text
from elmo_tasks.tasks.snli.pairs import PairError
from elmo_tasks.tasks.snli.reader import SnliReader

_TEXTS = ("premise", "hypothesis")


@Predictor.register("elmo_entailment")
class ElmoEntailmentPredictor(LabelPredictor):
    """
    Labels pairs. In `{"premise": "Two dogs run.", "hypothesis": "Animals move."}` both are split into tokens by the
    reader's tokenizer; a list of tokens, `["Two", "dogs", ...]`, is taken as it is.

    The answer has the `label`, the `probabilities` by label, `premise_tokens` and `hypothesis_tokens`.

    Stock models are served too (`--predictor elmo_entailment`): their reader makes the text fields `premise` and
    `hypothesis` of two strings, as "snli" does, and they give `label_probs`, as "esim" and "decomposable_attention" do.
    Their readers take no lists of tokens.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, or a text is empty, with the input's beginning; or if another reader's
        instances have no such fields, or another model gives no probabilities.

    Registered as a `Predictor` with name "elmo_entailment".
    """

    stocks_probabilities = "label_probs"

    def predict(self, premise: str, hypothesis: str) -> JsonDict:
        """The answer for one pair of raw texts."""
        return self.predict_json({"premise": premise, "hypothesis": hypothesis})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict) or not all(name in json_dict for name in _TEXTS):
            raise bad_input(json_dict, 'must be an object with "premise" and "hypothesis"')
        try:
            texts = {name: check_text(json_dict[name], name, "compare", PairError) for name in _TEXTS}
        except PairError as error:
            raise bad_input(json_dict, f"cannot be taken: {error}") from None
        reader = self._dataset_reader
        if not isinstance(reader, SnliReader) and not all(isinstance(text, str) for text in texts.values()):
            raise bad_input(
                json_dict,
                f'has a list of tokens, which the reader "elmo_snli" takes, and {type(reader).__name__} does not: give '
                "strings",
            )
        return read_by(reader, _TEXTS, **texts)

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        label, probabilities = self.label_and_probabilities(output)
        tokens = {f"{name}_tokens": token_texts(instance[name]) for name in _TEXTS}
        return {"label": label, "probabilities": probabilities, **tokens}
