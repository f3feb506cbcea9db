"""Named entity recognition: CoNLL-2003's columns, a biLSTM-CRF tagger with ELMo, tagged text."""

from elmo_tasks.tasks.base.schemes import SCHEMES, Span, TagError, convert, spans_to_tags, tags_to_spans
from elmo_tasks.tasks.base.tagged import TagField
from elmo_tasks.tasks.ner.crf import Crf
from elmo_tasks.tasks.ner.metric import ConllEval
from elmo_tasks.tasks.ner.model import ElmoCrfTagger
from elmo_tasks.tasks.ner.predictor import ElmoTaggerPredictor
from elmo_tasks.tasks.ner.reader import Conll2003Reader

__all__ = [
    "SCHEMES",
    "Conll2003Reader",
    "ConllEval",
    "Crf",
    "ElmoCrfTagger",
    "ElmoTaggerPredictor",
    "Span",
    "TagError",
    "TagField",
    "convert",
    "spans_to_tags",
    "tags_to_spans",
]
