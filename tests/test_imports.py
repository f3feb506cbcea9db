"""What is imported, and when: the engine needs torch, numpy and h5py only."""

from pathlib import Path

import h5py
import pytest
from python_runs import ROOT, run_python

import elmo_tasks

HEAVY = ("allennlp", "transformers", "torchvision", "spacy", "sklearn")


@pytest.mark.parametrize(
    "code",
    [
        "import elmo_tasks.bilm",
        "import elmo_tasks.transformer",
        "import elmo_tasks.vectors, elmo_tasks.vectors.neighbors, elmo_tasks.vectors.nearest_words",
        "from elmo_tasks import Elmo, ElmoEmbedder, batch_to_ids",
        "import elmo_tasks.__main__, elmo_tasks.commands.doctor, elmo_tasks.commands.elmo",
    ],
)
def test_what_needs_no_allennlp_does_not_import_it(code: str, tmp_path: Path) -> None:
    code += f"\nimport sys\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = run_python("-c", code, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_top_level_offers_what_most_people_want() -> None:
    from elmo_tasks.bilm.characters import batch_to_ids
    from elmo_tasks.vectors.embedder import ElmoEmbedder

    assert elmo_tasks.ElmoEmbedder is ElmoEmbedder
    assert elmo_tasks.batch_to_ids is batch_to_ids
    with pytest.raises(AttributeError, match="has no attribute 'ElmoEmbeder'"):
        _ = elmo_tasks.ElmoEmbeder  # type: ignore[attr-defined]


ABSENT = """
import sys
for name in ("allennlp", "transformers", "spacy", "overrides", "sklearn", "cached_path", "dill", "tqdm"):
    sys.modules[name] = None
"""


def test_the_bilm_needs_torch_numpy_and_h5py_only(tmp_path: Path) -> None:
    code = f"""
{ABSENT}
from elmo_tasks.bilm import BiLM, batch_to_ids
assert batch_to_ids([["A", "sentence", "."]]).shape == (1, 3, 50)
print(sorted(set(name.split(".")[1] for name in sys.modules if name.startswith("elmo_tasks.")) - set(["bilm"])))
"""
    done = run_python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "['checks', 'files', 'registration']"


def test_so_do_vectors_and_their_commands(tmp_path: Path) -> None:
    (tmp_path / "sentences.txt").write_text("A sentence .\nTwo words\n", encoding="utf-8")
    (tmp_path / "vocabulary.txt").write_text("Two\nwords\n", encoding="utf-8")
    code = f"""
{ABSENT}
from elmo_tasks import Elmo, ElmoEmbedder, batch_to_ids
print(ElmoEmbedder(bilm="mini").embed_sentence(["Two", "words"]).shape)
print(Elmo(bilm="mini")(batch_to_ids([["Two", "words"]]))["elmo_representations"][0].shape)
from elmo_tasks.__main__ import main
sys.argv = ["elmo-tasks", "elmo", "sentences.txt", "layers.hdf5", "--bilm", "mini", "--all"]
main()
sys.argv = ["elmo-tasks", "elmo-words", "vocabulary.txt", "words.txt"]
main()
"""
    done = run_python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["(3, 2, 512)", "torch.Size([1, 2, 512])"]
    with h5py.File(tmp_path / "layers.hdf5") as file:
        assert file["1"].shape == (3, 2, 512)
    assert (tmp_path / "words.txt").exists()


def test_so_do_probes(tmp_path: Path) -> None:
    (tmp_path / "tags.txt").write_text("a D\ncat N\n", encoding="utf-8")
    senses = ROOT / "fixtures" / "senses"
    texts = [str(senses / "dev.data.xml"), "--corpus", str(senses / "train.data.xml")]
    code = f"""
{ABSENT}
from elmo_tasks.__main__ import main
sys.argv = ["elmo-tasks", "elmo-probe", "tags.txt", "tags.txt", "--no-random"]
main()
sys.argv = ["elmo-tasks", "elmo-senses", *{texts}, "--index", "{senses / "index.sense"}", "--averages", "a.hdf5"]
main()
"""
    done = run_python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| layer 0 | 100.00 | - |" in done.stdout.splitlines()
    assert "| first sense | 66.7 |" in done.stdout.splitlines()
