"""A sentence with two entities to the relation between them."""

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.predictor import LabelPredictor, bad_input
from elmo_tasks.tasks.relations.corpus import ExampleError, parse_record


@Predictor.register("elmo_relation_classifier")
class ElmoRelationPredictor(LabelPredictor):
    """
    Says how two entities are related. They are marked in the text, `{"text": "The <e1>fire</e1> was caused by
    <e2>lightning</e2>."}`, or their places are given: `{"text": "The fire was caused by lightning.", "e1": [4, 8],
    "e2": [23, 32]}` in characters, as Python counts them from 0, up to and without the last; `{"tokens": ["The",
    ...], "e1": [1, 2], "e2": [5, 6]}` in tokens. A line of a file that does not begin with `{` is a marked text
    without any JSON around it.

    The answer has the `label`, the `probabilities` by label, the `tokens` that were read, and `e1` and `e2`, the
    entities' places in them, `[start, end]`.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, with the input's beginning.

    Registered as a `Predictor` with name "elmo_relation_classifier".
    """

    raw_text = "text"
    counted_in_tokens = "The entities' places"

    def predict(self, text: str) -> JsonDict:
        """The answer for one text in which the entities are marked."""
        return self.predict_json({"text": text})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict):
            raise bad_input(json_dict, "must be an object")
        try:
            text, e1, e2, _ = parse_record(json_dict)
        except ExampleError as error:
            raise bad_input(json_dict, f"cannot be taken: {error}") from None
        return self._dataset_reader.text_to_instance(text, e1, e2)

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        return {name: output[name] for name in ("label", "probabilities", "tokens", "e1", "e2")}
