"""A premise and a hypothesis to a label."""

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.data.fields import LabelField
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.private import special_tokens
from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input, check_output, read_by, token_texts
from elmo_tasks.tasks.base.text import check_text
from elmo_tasks.tasks.snli.pairs import PairError
from elmo_tasks.tasks.snli.reader import SnliReader

_TEXTS = ("premise", "hypothesis")


@Predictor.register("elmo_entailment")
class ElmoEntailmentPredictor(LinePredictor):
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

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret: the pair with its predicted label."""
        labeled = instance.duplicate()
        label, _ = self._label_and_probabilities(outputs)
        labeled.add_field("label", LabelField(label, self._namespace), self._model.vocab)
        return [labeled]

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        label, probabilities = self._label_and_probabilities(output)
        tokens = {f"{name}_tokens": token_texts(instance[name]) for name in _TEXTS}
        return {"label": label, "probabilities": probabilities, **tokens}

    @property
    def _namespace(self) -> str:
        # Stock models of pairs have no such attribute.
        namespace: str = getattr(self._model, "label_namespace", "labels")
        return namespace

    def _label_and_probabilities(self, output: JsonDict) -> tuple[str, dict[str, float]]:
        """From what our models give, by the labels' names, or stock models, by their numbers."""
        if "probabilities" in output:
            return output["label"], output["probabilities"]
        check_output(self._model, output, "label_probs")
        vocab = self._model.vocab
        labels = vocab.get_index_to_token_vocabulary(self._namespace)
        special = special_tokens(vocab, self._namespace)
        probabilities = {
            labels[index]: float(probability)
            for index, probability in enumerate(output["label_probs"])
            if index in labels and index not in special
        }
        return max(probabilities, key=probabilities.__getitem__), probabilities
