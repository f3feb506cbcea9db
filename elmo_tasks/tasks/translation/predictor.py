"""A text to its best translations."""

from typing import Any

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input
from elmo_tasks.tasks.translation.corpus import PairError, check_text


@Predictor.register("elmo_translator")
class ElmoTranslatorPredictor(LinePredictor):
    """
    Translates texts: `{"source": "Two dogs run."}`, or a line of a file that does not begin with `{`, which is a text
    without any JSON around it.

    The answer has the best `translation`, and `translations`, as many as the model's `beam_size`, best first: `text`,
    `score` (the mean log probability of its tokens, where `length_penalty` is 1), and `"cut": true` where `max_steps`
    ended it; and the `source_tokens` that were read.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, or the text is empty, with the input's beginning.

    Registered as a `Predictor` with name "elmo_translator".
    """

    raw_text = "source"

    def predict(self, source: str) -> JsonDict:
        """The answer for one text."""
        return self.predict_json({"source": source})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        if not isinstance(json_dict, dict) or "source" not in json_dict:
            raise bad_input(json_dict, 'must be an object with "source"')
        try:
            source = check_text(json_dict["source"], "source")
        except PairError as error:
            raise bad_input(json_dict, f"cannot be taken: {error}") from None
        return self._dataset_reader.text_to_instance(source)

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret: the text with its best translation, which is explained as a whole."""
        model: Any = self._model
        reader: Any = self._dataset_reader
        # Interpret's attackers take dimensions of length 1 away.
        best = outputs["predictions"].reshape(len(outputs["translations"]), -1)[0]
        target = reader.target_field(model.words(best.tolist()))
        labeled = instance.duplicate()
        labeled.add_field("target", target)
        reader.apply_token_indexers(labeled)
        target.index(model.vocab)
        return [labeled]

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        translations = output["translations"]
        return {
            "translation": translations[0]["text"],
            "translations": translations,
            "source_tokens": output["source_tokens"],
        }
