"""AllenNLP modules of our own that any task may use. Importing this registers them."""

from elmo_tasks.modules.alternating_lstm import AlternatingLstm
from elmo_tasks.modules.chinese import ChineseCharacterTokenizer, JiebaTokenizer
from elmo_tasks.modules.distinct_characters import DistinctCharactersEncoder
from elmo_tasks.modules.padded_rnn import PaddedRnn
from elmo_tasks.modules.sampled_loader import SampledLoader
from elmo_tasks.modules.sampled_reader import SampledReader
from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer

__all__ = [
    "AlternatingLstm",
    "ChineseCharacterTokenizer",
    "DistinctCharactersEncoder",
    "JiebaTokenizer",
    "PaddedRnn",
    "SampledLoader",
    "SampledReader",
    "SpacyRulesTokenizer",
]
