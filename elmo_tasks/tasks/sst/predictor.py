"""A text to its sentiment."""

from allennlp.predictors import Predictor

from elmo_tasks.tasks.base.labelled_text import LabelledTextPredictor


@Predictor.register("elmo_sst")
class ElmoSstPredictor(LabelledTextPredictor):
    """
    The sentiment of texts; see `LabelledTextPredictor`.

    Registered as a `Predictor` with name "elmo_sst".
    """
