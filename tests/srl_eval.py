"""
Semantic roles scored as the official srl-eval.pl scores them: by its algorithm, written anew, and by the script itself,
which allennlp-models has. And propositions, that is predicates with their arguments, to be scored.
"""

import importlib.util
import random
import re
import shutil
import subprocess
from pathlib import Path

from elmo_tasks.tasks.base.schemes import tags_to_spans

ROLES = ["ARG0", "ARG1", "ARGM-TMP", "R-ARG0", "R-ARG1", "C-ARG0", "C-ARG1", "C-V", "V", "C-R-ARG1", "C-ARG9"]


def random_tags(draw: random.Random, length: int) -> list[str]:
    tags: list[str] = []
    while len(tags) < length:
        if draw.random() < 0.4:
            tags.append("O")
        else:
            role = draw.choice(ROLES)
            tags += [f"B-{role}", *[f"I-{role}"] * draw.choice([0, 0, 1, 2])]
    return tags[:length]


def perturbed(draw: random.Random, tags: list[str]) -> list[str]:
    """Some arguments have other roles, others go, and some are cut."""
    result = ["O"] * len(tags)
    for role, start, end in tags_to_spans(tags):
        change = draw.random()
        if change < 0.15:
            continue
        role = draw.choice(ROLES) if change < 0.3 else role
        end = start + 1 if change > 0.85 else end
        result[start:end] = [f"B-{role}", *[f"I-{role}"] * (end - start - 1)]
    return result


def propositions(seed: int, number: int) -> list[tuple[list[str], list[str]]]:
    draw = random.Random(seed)
    gold = [random_tags(draw, draw.randint(1, 12)) for _ in range(number)]
    return [(perturbed(draw, tags), tags) for tags in gold]


def by_indices(tags: list[str]) -> dict[tuple[int, int], tuple[str, set[tuple[int, int]]]]:
    """srl-eval.pl's own data: arguments by their first and last token, with their role and their phrases."""
    by_role: dict[str, list[tuple[int, int]]] = {}
    complete: list[tuple[str, list[tuple[int, int]]]] = []
    for role, start, end in tags_to_spans(tags):
        phrase = (start, end - 1)
        if role[:2] == "C-" and role[2:] in by_role:
            by_role[role[2:]].append(phrase)
            continue
        role = role[2:] if role[:2] == "C-" else role
        by_role[role] = [phrase]
        complete.append((role, by_role[role]))
    return {(phrases[0][0], phrases[-1][1]): (role, set(phrases)) for role, phrases in complete if role != "V"}


def figures_by_hand(cases: list[tuple[list[str], list[str]]]) -> dict[str, float]:
    """By the script's algorithm, of propositions as predicted and gold tags; the names are `SrlEval`'s."""
    right = excess = missed = perfect = 0
    for predicted, gold in cases:
        expected, given = by_indices(gold), by_indices(predicted)
        hits = sum(expected.get(extent) == argument for extent, argument in given.items())
        right, excess, missed = right + hits, excess + len(given) - hits, missed + len(expected) - hits
        perfect += len(given) == hits == len(expected)
    return {
        "precision-overall": right / (right + excess),
        "recall-overall": right / (right + missed),
        "perfect": perfect / len(cases),
    }


def official_script() -> Path | None:
    """allennlp-models has it."""
    spec = importlib.util.find_spec("allennlp_models")
    if spec is None or spec.origin is None or shutil.which("perl") is None:
        return None
    return Path(spec.origin).parent / "structured_prediction" / "tools" / "srl-eval.pl"


def figures_of_script(script: Path, gold: Path, predicted: Path) -> dict[str, float]:
    """What the script prints of two files, in percent with two digits; the names are `SrlEval`'s."""
    command = ["perl", str(script), str(gold), str(predicted)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^ *(\S+) +\d+ +\d+ +\d+ +([\d.]+) +([\d.]+) +([\d.]+)$", printed, re.MULTILINE)
    (perfect,) = re.findall(r"perfect props : +([\d.]+)", printed)
    figures = {"perfect": float(perfect)}
    for role, *of_role in rows:
        if role != "V":
            name = "overall" if role == "Overall" else role
            measures = ("precision", "recall", "f1-measure")
            figures.update({f"{one}-{name}": float(figure) for one, figure in zip(measures, of_role, strict=True)})
    return figures
