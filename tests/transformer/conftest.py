"""Tiny biLMs and transformers with random weights."""

from tiny_transformers import bert as bert
from tiny_transformers import roberta as roberta

from tiny_bilms import make_bilm as make_bilm
