"""A text to a label."""

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.labelled_text import LabelledTextPredictor


@Predictor.register("elmo_classifier")
class ElmoClassifierPredictor(LabelledTextPredictor):
    """
    Labels texts; see `LabelledTextPredictor`.

    Registered as a `Predictor` with name "elmo_classifier".
    """

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
