"""A premise and a hypothesis to a label."""

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.data.fields import LabelField
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input
from elmo_tasks.tasks.snli.pairs import PairError, check_text

_TEXTS = ("premise", "hypothesis")


@Predictor.register("elmo_entailment")
class ElmoEntailmentPredictor(LinePredictor):
    """
    Labels pairs. In `{"premise": "Two dogs run.", "hypothesis": "Animals move."}` both are split into tokens by the
    reader's tokenizer; a list of tokens, `["Two", "dogs", ...]`, is taken as it is.

    The answer has the `label`, the `probabilities` by label, `premise_tokens` and `hypothesis_tokens`.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, or a text is empty, with the input's beginning.

    Registered as a `Predictor` with name "elmo_entailment".
    """

    def predict(self, premise: str, hypothesis: str) -> JsonDict:
        """The answer for one pair of raw texts."""
        return self.predict_json({"premise": premise, "hypothesis": hypothesis})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict) or not all(name in json_dict for name in _TEXTS):
            raise bad_input(json_dict, 'must be an object with "premise" and "hypothesis"')
        try:
            texts = [check_text(json_dict[name], name) for name in _TEXTS]
        except PairError as error:
            raise bad_input(json_dict, f"cannot be taken: {error}") from None
        return self._dataset_reader.text_to_instance(*texts)

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret: the pair with its predicted label."""
        labeled = instance.duplicate()
        namespace: str = getattr(self._model, "label_namespace", "labels")
        labeled.add_field("label", LabelField(outputs["label"], namespace), self._model.vocab)
        return [labeled]

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        return {name: output[name] for name in ("label", "probabilities", "premise_tokens", "hypothesis_tokens")}
