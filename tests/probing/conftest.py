"""Tiny biLMs and transformers, and tiny texts with senses."""

from pathlib import Path

import pytest
from tiny_transformers import bert as bert

from elmo_tasks.probing.sense_corpus import SenseCorpus, sense_corpus
from tiny_bilms import make_bilm as make_bilm
from tiny_bilms import tiny as tiny

TRAIN = """<?xml version="1.0" encoding="UTF-8" ?>
<corpus lang="en" source="tiny">
<text id="d0">
<sentence id="d0.s0">
<wf lemma="she" pos="PRON">She</wf>
<instance id="d0.s0.t0" lemma="sit" pos="VERB">sat</instance>
<wf lemma="by" pos="ADP">by</wf>
<wf lemma="the" pos="DET">the</wf>
<instance id="d0.s0.t1" lemma="bank" pos="NOUN">bank</instance>
</sentence>
<sentence id="d0.s1">
<wf lemma="the" pos="DET">The</wf>
<instance id="d0.s1.t0" lemma="savings_bank" pos="NOUN">savings
 bank</instance>
<instance id="d0.s1.t1" lemma="close" pos="VERB">closed</instance>
<wf lemma="&amp;" pos=".">&amp;</wf>
<instance id="d0.s1.t2" lemma="bank" pos="NOUN">Banks</instance>
<instance id="d0.s1.t3" lemma="close" pos="ADJ">close</instance>
</sentence>
</text>
<text id="d1">
<sentence id="d1.s0">
<instance id="d1.s0.t0" lemma="Bank" pos="NOUN">bank</instance>
<wf lemma="." pos=".">.</wf>
</sentence>
</text>
</corpus>
"""
TRAIN_KEYS = """\
d0.s0.t0 sit%2:35:00::
d0.s0.t1 bank%1:17:01::
d0.s1.t0 savings_bank%1:14:00::
d0.s1.t1 close%2:35:00::
d0.s1.t2 bank%1:14:00:: bank%1:17:01::
d0.s1.t3 close%5:00:00:near:00
d1.s0.t0 bank%1:14:00::
"""
DEV = """<corpus>
<text id="d0">
<sentence id="d0.s0">
<instance id="d0.s0.t0" lemma="bank" pos="NOUN">bank</instance>
<instance id="d0.s0.t1" lemma="close" pos="ADJ">close</instance>
<instance id="d0.s0.t2" lemma="river" pos="NOUN">rivers</instance>
<instance id="d0.s0.t3" lemma="bank" pos="VERB">bank</instance>
<instance id="d0.s0.t4" lemma="blorp" pos="VERB">blorps</instance>
</sentence>
</text>
</corpus>
"""
DEV_KEYS = """\
d0.s0.t0 bank%1:17:01::
d0.s0.t1 close%3:00:02:: close%5:00:00:near:00
d0.s0.t2 river%1:17:00::
d0.s0.t3 bank%2:40:00::
d0.s0.t4 blorp%2:00:00::
"""
INDEX = """\
bank%1:14:00:: 08420278 2 20
bank%1:17:01:: 09213565 1 25
bank%2:38:00:: 02038791 10 1
bank%2:40:00:: 02343056 2 3
close%3:00:02:: 00444519 2 30
close%5:00:00:near:00 00444984 1 2
close%2:35:00:: 01345109 1 40
river%1:17:00:: 09411430 1 50
sit%2:35:00:: 01543123 1 90
"""


def write_text(folder: Path, name: str, data: str, keys: str) -> SenseCorpus:
    (folder / f"{name}.data.xml").write_text(data, encoding="utf-8")
    (folder / f"{name}.gold.key.txt").write_text(keys, encoding="utf-8")
    return sense_corpus(folder / f"{name}.data.xml")


@pytest.fixture
def train(tmp_path: Path) -> SenseCorpus:
    """Three sentences with seven instances, one of several words, one of two senses."""
    return write_text(tmp_path, "train", TRAIN, TRAIN_KEYS)


@pytest.fixture
def dev(tmp_path: Path) -> SenseCorpus:
    """Five instances, three of which the training text has not, and one WordNet has not."""
    return write_text(tmp_path, "dev", DEV, DEV_KEYS)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """WordNet's index of the two texts' senses."""
    path = tmp_path / "index.sense"
    path.write_text(INDEX)
    return path
