"""The vectors of whole texts as Parquet, made by any number of workers on any number of machines."""

from elmo_tasks.vectors.parquet.folder import EmbeddedText, Line
from elmo_tasks.vectors.parquet.plan import ParquetError, Plan
from elmo_tasks.vectors.parquet.workers import Engine, embed

__all__ = ["EmbeddedText", "Engine", "Line", "ParquetError", "Plan", "embed"]
