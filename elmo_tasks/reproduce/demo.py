"""
The demo: a named entity tagger trained without and with the biLM "mini" on a small corpus, in a few minutes.

    python -m elmo_tasks.reproduce.demo
"""

import argparse
import sys
from pathlib import Path

from elmo_tasks.runner.compare import plan, table
from elmo_tasks.runner.processes import RunError
from elmo_tasks.runner.runs import Run
from elmo_tasks.runner.schedule import execute

CONFIGS = ("training_configs/ner/fixture_baseline.jsonnet", "training_configs/ner/fixture_elmo.jsonnet")

SENTENCES = (
    "Ingrid Solberg left Bergen for a job at Northwind Shipping in Rotterdam .",
    "The Peruvian novelist read from Salt Roads at the Edinburgh Festival .",
    "Washington told Amina Diallo that Washington had signed the treaty .",
)


def layer_weights(run: Run) -> str:
    """What the tagger's scalar mix (Peters et al. 2018, equation 1) has learned."""
    (mix,) = run.mixes()
    return str(mix)


def tagged(run: Run) -> list[str]:
    """The demo's sentences with their entities in brackets."""
    from allennlp.predictors import Predictor

    predictor = Predictor.from_path(str(run.serialization_dir), "elmo_tagger")
    lines = []
    for sentence in SENTENCES:
        answer = predictor.predict_json({"tokens": sentence.split()})
        words = list(answer["tokens"])
        for span in answer["spans"]:
            words[span["start"]] = f"[{span['type']} {words[span['start']]}"
            words[span["end"] - 1] += "]"
        lines.append(" ".join(words))
    return lines


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m elmo_tasks.reproduce.demo", description=__doc__)
    parser.add_argument("-o", "--out", default="runs/demo", help="folder for the trainings (default: runs/demo)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings with and without ELMo (default: 3)")
    args = parser.parse_args()
    if not Path(CONFIGS[0]).exists():
        sys.exit(f"{CONFIGS[0]} is not here: run the demo in a clone of the repository.")
    print(
        f"Training {2 * args.seeds} taggers, {args.seeds} without ELMo and {args.seeds} with it, in {args.out}.",
        flush=True,
    )
    try:
        runs = plan(CONFIGS, args.seeds, args.out)
        if failures := execute(runs):
            sys.exit("\n\n".join(failures))
    except RunError as error:
        sys.exit(str(error))
    elmo = next(run for run in runs if run.folder.parent.name == Path(CONFIGS[1]).stem)
    print(f"\nSpan F1 on fixtures/ner:\n\n{table(runs, 'f1-measure-overall')}\n")
    print(f"The mix of the biLM's layers (seed 1): {layer_weights(elmo)}\n")
    print("The tagger with ELMo (seed 1):\n")
    print("\n".join(f"  {line}" for line in tagged(elmo)))


if __name__ == "__main__":
    main()
