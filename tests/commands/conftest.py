"""Tiny transformers."""

from tiny_transformers import bert as bert
