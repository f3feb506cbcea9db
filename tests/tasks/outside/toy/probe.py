"""
What is no training: each sentence gets the label of its nearest neighbour, `python -m toy.probe CONFIG -s FOLDER`.

Sentences are near whose words' vectors have means with a small angle between them; without ELMo, the one before is.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from elmo_tasks.files import writing
from elmo_tasks.vectors import ElmoEmbedder
from toy.corpus import read_examples

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("config", type=Path)
parser.add_argument("-s", dest="folder", type=Path)
args = parser.parse_args()
config = json.loads(args.config.read_text())
examples = list(read_examples(config["train_data_path"]))
if "elmo" in config:
    elmo = ElmoEmbedder(bilm=config["elmo"]["bilm"])
    # Shape: (examples, dim)
    means = np.stack([elmo.embed_sentence(words)[-1].mean(axis=0) for _, words in examples])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    nearest = (means @ means.T - 2 * np.eye(len(means))).argmax(axis=1)
else:
    nearest = np.arange(len(examples)) - 1
right = [label == examples[near][0] for (label, _), near in zip(examples, nearest, strict=True)]
with writing(args.folder / "metrics.json") as temporary:
    temporary.write_text(json.dumps({"test_accuracy": sum(right) / len(right)}))
