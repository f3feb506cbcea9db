"""Reading comprehension: SQuAD 1.1's JSON, BiDAF with and without self-attention and with ELMo, answers from text."""

from elmo_tasks.tasks.squad.answers import TokenSpan, find_span
from elmo_tasks.tasks.squad.attention import BidirectionalAttention, SelfAttention
from elmo_tasks.tasks.squad.corpus import Answer, BadQuestion, Question, read_questions
from elmo_tasks.tasks.squad.decoding import best_spans
from elmo_tasks.tasks.squad.metric import SquadScores, exact_match, f1, normalize
from elmo_tasks.tasks.squad.model import ElmoBidaf
from elmo_tasks.tasks.squad.predictor import ReadingComprehensionPredictor
from elmo_tasks.tasks.squad.reader import SquadReader

__all__ = [
    "Answer",
    "BadQuestion",
    "BidirectionalAttention",
    "ElmoBidaf",
    "Question",
    "ReadingComprehensionPredictor",
    "SelfAttention",
    "SquadReader",
    "SquadScores",
    "TokenSpan",
    "best_spans",
    "exact_match",
    "f1",
    "find_span",
    "normalize",
    "read_questions",
]
