"""Machine translation: parallel texts, an attention encoder-decoder with ELMo, a text's best translations."""

from elmo_tasks.tasks.translation.corpus import Pair, PairError, read_pairs
from elmo_tasks.tasks.translation.decoder import AttentionDecoder
from elmo_tasks.tasks.translation.metric import Bleu
from elmo_tasks.tasks.translation.model import ElmoTranslator
from elmo_tasks.tasks.translation.predictor import ElmoTranslatorPredictor
from elmo_tasks.tasks.translation.reader import TranslationReader

__all__ = [
    "AttentionDecoder",
    "Bleu",
    "ElmoTranslator",
    "ElmoTranslatorPredictor",
    "Pair",
    "PairError",
    "TranslationReader",
    "read_pairs",
]
