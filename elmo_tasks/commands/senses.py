"""`elmo-senses`: what the layers know of the senses of words."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

from elmo_tasks.commands.bilm_choice import add_bilm_options, load_bilm
from elmo_tasks.commands.command import Command
from elmo_tasks.commands.output import add_force_option, check_output
from elmo_tasks.files import sha256, writing

if TYPE_CHECKING:
    from elmo_tasks.bilm import LayerSource
    from elmo_tasks.probing.sense_corpus import SenseCorpus
    from elmo_tasks.probing.senses import Answers, Score


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "evaluation",
        type=Path,
        nargs="+",
        help="texts whose words are to be disambiguated: NAME.data.xml, with NAME.gold.key.txt beside it; plain or "
        "compressed",
    )
    parser.add_argument(
        "--corpus",
        type=Path,
        required=True,
        help="a text of the same form that the averages are of: SemCor's (required)",
    )
    parser.add_argument("--index", type=Path, required=True, help="WordNet's index.sense (required)")
    parser.add_argument(
        "--averages",
        type=Path,
        required=True,
        metavar="FILE",
        help="where the averages are kept: a file of the same corpus and biLM is used again, and one that is not "
        "finished is gone on with (required)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too (default: print them only)")
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FOLDER",
        help="write the answers, in the form of the gold keys, to FOLDER/NAME.layer_0.key.txt and so on (default: do "
        "not)",
    )
    add_force_option(parser)
    add_bilm_options(parser)


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.probing.sense_averages import average_senses
    from elmo_tasks.probing.sense_corpus import read_keys, sense_corpus
    from elmo_tasks.probing.senses import FIRST_SENSE, first_sense_answers, layer_names, nearest_answers, score
    from elmo_tasks.probing.wordnet import first_senses

    check_output(args.json, args.force)
    corpus, *texts = (sense_corpus(data) for data in (args.corpus, *args.evaluation))
    _check_names(texts)
    first = first_senses(args.index)
    # What is wrong with the texts is known before the corpus is read.
    answers = {text.name: {FIRST_SENSE: first_sense_answers(first, text.data)} for text in texts}
    scores = {FIRST_SENSE: {text.name: score(answers[text.name][FIRST_SENSE], text) for text in texts}}
    source = load_bilm(args)
    if args.answers:
        for name in (FIRST_SENSE, *layer_names(source)):
            for text in texts:
                check_output(_answers_file(args.answers, text.name, name), args.force)
    with progress_bar(desc=corpus.name, unit=" instances", total=len(read_keys(corpus.keys))) as bar:
        averages = average_senses(source, corpus, args.averages, args.force, bar.update)
    for text in texts:
        total = scores[FIRST_SENSE][text.name].total
        with progress_bar(desc=text.name, unit=" instances", total=total) as bar:
            answers[text.name] |= nearest_answers(source, averages, first, text.data, bar.update)
        for name, of_layer in answers[text.name].items():
            scores.setdefault(name, {})[text.name] = score(of_layer, text)
    print(table(scores))
    if args.answers:
        _write_answers(args.answers, answers)
    if args.json:
        with writing(args.json) as temporary:
            temporary.write_text(json.dumps(_record(args, source, scores), indent=2) + "\n", encoding="utf-8")


def _check_names(texts: "Sequence[SenseCorpus]") -> None:
    """A text's figures stand under its name."""
    from elmo_tasks.probing.sense_corpus import SensesError

    files: dict[str, Path] = {}
    for text in texts:
        if text.name in files:
            raise SensesError(
                f'{files[text.name]} and {text.data} are both called "{text.name}", as their figures would be: rename '
                "one, or evaluate them one by one."
            )
        files[text.name] = text.data


def table(scores: "Mapping[str, Mapping[str, Score]]") -> str:
    """F1 in percent, as a Markdown table: a row a layer, a column a text; of several also their mean and all in one."""
    from elmo_tasks.probing.senses import joined

    texts = list(next(iter(scores.values())))
    header = ["F1", *texts, *(["mean", "all in one"] if len(texts) > 1 else [])]
    rows = [header, ["---", *["---:"] * (len(header) - 1)]]
    for name, of_texts in scores.items():
        values = [one.f1 for one in of_texts.values()]
        if len(texts) > 1:
            values += [mean(values), joined(of_texts.values()).f1]
        rows.append([name.replace("_", " "), *(f"{100 * value:.1f}" for value in values)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _write_answers(folder: Path, answers: "Mapping[str, Mapping[str, Answers]]") -> None:
    for text, of_layers in answers.items():
        for name, of_layer in of_layers.items():
            lines = [f"{identifier} {sense}\n" for identifier, sense in of_layer.items() if sense is not None]
            with writing(_answers_file(folder, text, name)) as temporary:
                temporary.write_text("".join(lines), encoding="utf-8")


def _answers_file(folder: Path, text: str, name: str) -> Path:
    return folder / f"{text}.{name}.key.txt"


def _record(args: argparse.Namespace, source: "LayerSource", scores: "Mapping[str, Mapping[str, Score]]") -> Any:
    """All that the figures depend on, and them."""
    from elmo_tasks.bilm.identity import bilm_digest
    from elmo_tasks.probing.sense_corpus import sense_corpus

    texts = [sense_corpus(data) for data in (args.corpus, *args.evaluation)]
    files = [args.index, *(file for text in texts for file in (text.data, text.keys))]
    return {
        "files": {str(file): sha256(file) for file in files},
        "bilm_digest": bilm_digest(source),
        "figures": {
            name: {text: {**one._asdict(), "f1": one.f1} for text, one in of_texts.items()}
            for name, of_texts in scores.items()
        },
    }


COMMAND = Command(
    help="what the layers know of the senses of words",
    description="Gives words in their sentences the sense whose average over a corpus is nearest in each layer of a "
    "biLM, as in the paper's table 5, and prints how often that is right; beside it, how often WordNet's first sense "
    "is. "
    "Example: elmo-tasks elmo-senses semeval2007.data.xml --corpus semcor.data.xml --index index.sense --averages "
    "semcor.hdf5",
    add_options=_add_options,
    run=_run,
)
