"""What an archive keeps of a biLM, what an archive may not do, and models that begin from one."""

from elmo_tasks.archives.errors import UnsafeArchiveError
from elmo_tasks.archives.from_archive import ArchivedModel, ModelsPredictor
from elmo_tasks.archives.safety import check_archive, open_archive, unpacked
from elmo_tasks.archives.source import BiLMSource

__all__ = [
    "ArchivedModel",
    "BiLMSource",
    "ModelsPredictor",
    "UnsafeArchiveError",
    "check_archive",
    "open_archive",
    "unpacked",
]
