from allennlp.models import archival
from allennlp.nn import util

from elmo_tasks.archives import loading, safety


def test_allennlp_loads_archives_as_we_do() -> None:
    """What that is, is tested in tests/archives."""
    assert archival.extracted_archive is safety.unpacked  # type: ignore[comparison-overlap]
    assert archival.Params is loading.ArchivedConfig  # type: ignore[comparison-overlap]
    assert archival._load_model is loading.load_model
    assert archival._load_dataset_readers is loading.load_dataset_readers
    assert util.read_state_dict is loading.read_state_dict  # type: ignore[comparison-overlap]
