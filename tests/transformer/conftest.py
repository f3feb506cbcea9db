"""Tiny transformers with random weights."""

from tiny_transformers import bert as bert
from tiny_transformers import roberta as roberta
