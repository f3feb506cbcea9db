"""Tiny biLMs and transformers, and bilm-tf's formulas."""

from tiny_transformers import bert as bert

from bilm_tf import reference as reference
from tiny_bilms import make_bilm as make_bilm
from tiny_bilms import tiny as tiny
