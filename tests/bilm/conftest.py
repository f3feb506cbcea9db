"""Tiny biLMs, and bilm-tf's formulas."""

from lstm_reference import threads as threads

from bilm_tf import reference as reference
from tiny_bilms import make_bilm as make_bilm
from tiny_bilms import tiny as tiny
