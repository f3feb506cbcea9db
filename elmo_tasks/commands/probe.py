"""`elmo-probe`: what a linear classifier finds in each layer."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elmo_tasks.commands.bilm_choice import add_bilm_options, load_bilm
from elmo_tasks.commands.command import Command
from elmo_tasks.commands.output import add_force_option, check_output
from elmo_tasks.files import sha256, writing

if TYPE_CHECKING:
    from elmo_tasks.bilm import LayerSource
    from elmo_tasks.probing.probe import Figures
    from elmo_tasks.probing.tagged import TaggedSentence


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "train", type=Path, help="tagged sentences: CoNLL-U (.conllu), or other CoNLL columns; plain or compressed"
    )
    parser.add_argument("evaluation", type=Path, help="others of the same form, to be tagged")
    parser.add_argument(
        "--column",
        help="the column of the tags: its name in CoNLL-U, such as xpos or deprel; its number in others, 0 being "
        "the first and -1 the last (default: upos; -1)",
    )
    parser.add_argument(
        "--word-column", type=int, default=0, help="the words', in other than CoNLL-U (default: %(default)s)"
    )
    parser.add_argument("--sentences", type=int, help="train on the first so many only (default: all)")
    parser.add_argument(
        "--l2", type=float, default=1e-4, help="the penalty on the classifiers' weights (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random weights (default: %(default)s)")
    parser.add_argument("--no-random", action="store_true", help="leave the random weights out, half of the time")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON too (default: print them only)")
    add_force_option(parser)
    add_bilm_options(parser)


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.checks import check_count, check_number
    from elmo_tasks.probing.probe import check_tags, most_frequent_tags
    from elmo_tasks.probing.tagged import ProbeError, read_all_tagged

    check_count(ProbeError, optional=True, sentences=args.sentences)
    check_number(ProbeError, 0, 1e6, l2=args.l2)
    check_output(args.json, args.force)
    train = read_all_tagged(args.train, args.column, args.word_column, args.sentences)
    evaluation = read_all_tagged(args.evaluation, args.column, args.word_column)
    check_tags(train, evaluation)
    source = load_bilm(args)
    baseline = {"most_frequent_tag": most_frequent_tags(train, evaluation)}
    figures = {"trained weights": baseline | _probed(source, train, evaluation, args.l2)}
    if not args.no_random:
        figures["random weights"] = _probed(source.untrained(args.seed), train, evaluation, args.l2)
    print(f"{_sizes(train, evaluation)}\n\n{table(figures)}")
    if args.json:
        with writing(args.json) as temporary:
            temporary.write_text(json.dumps(_record(args, source, figures), indent=2) + "\n", encoding="utf-8")


def _probed(
    source: "LayerSource", train: "Sequence[TaggedSentence]", evaluation: "Sequence[TaggedSentence]", l2: float
) -> "dict[str, Figures]":
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.probing.probe import probe, read_layers

    with progress_bar(desc="layers", unit=" tokens", total=_words(train) + _words(evaluation)) as bar:
        train_words = read_layers(source, train, bar.update)
        evaluation_words = read_layers(source, evaluation, bar.update)
    with progress_bar(desc="classifiers", total=source.num_layers + 1) as bar:
        return probe(train_words, evaluation_words, l2, source.device, bar.update)


def _words(sentences: "Sequence[TaggedSentence]") -> int:
    return sum(len(sentence.tokens) for sentence in sentences)


def _sizes(train: "Sequence[TaggedSentence]", evaluation: "Sequence[TaggedSentence]") -> str:
    tags = {tag for sentence in train for tag in sentence.tags}
    return (
        f"Accuracy in percent; {len(tags)} tags; {_words(train)} words in {len(train)} sentences to train on, "
        f"{_words(evaluation)} in {len(evaluation)} to evaluate on."
    )


def table(figures: "Mapping[str, Mapping[str, Figures]]") -> str:
    """
    Accuracies as a Markdown table, and below it the weights of the mixes.

    # Parameters

    figures : `Mapping[str, Mapping[str, Figures]]`
        By the kind of weights, which has two columns, and the classifier, which has a row.
    """
    header = ["", *(part for kind in figures for part in (kind, "of unseen words"))]
    rows = [header, ["---", *["---:"] * (len(header) - 1)]]
    for name in next(iter(figures.values())):
        cells = [_percent(found.get(name)) for found in figures.values()]
        rows.append([name.replace("_", " "), *(text for cell in cells for text in cell)])
    mixes = [(kind, found["mix"].layer_weights or ()) for kind, found in figures.items()]
    return "\n".join(
        [
            *(f"| {' | '.join(row)} |" for row in rows),
            "",
            *(f"The mix, {kind}: {' '.join(f'{weight:.2f}' for weight in weights)}" for kind, weights in mixes),
        ]
    )


def _percent(cell: "Figures | None") -> tuple[str, str]:
    if cell is None:
        return "", ""
    return f"{100 * cell.accuracy:.2f}", "-" if cell.unseen is None else f"{100 * cell.unseen:.2f}"


def _record(args: argparse.Namespace, source: "LayerSource", figures: "Mapping[str, Any]") -> dict[str, Any]:
    """All that the figures depend on, and them."""
    from elmo_tasks.bilm.identity import bilm_digest

    return {
        "files": {str(path): sha256(path) for path in (args.train, args.evaluation)},
        "bilm_digest": bilm_digest(source),
        **{name: vars(args)[name] for name in ("column", "word_column", "sentences", "l2", "seed")},
        "figures": {kind: {name: one._asdict() for name, one in found.items()} for kind, found in figures.items()},
    }


COMMAND = Command(
    help="what a linear classifier finds in each layer",
    description="Trains a linear classifier of words' tags on each frozen layer of a biLM and on a mix of all, as in "
    "the paper's table 6, and prints how many tags of other sentences each gets right; beside them each word's most "
    "frequent tag, and the same classifiers on a biLM of the same shape with random weights. "
    "Example: elmo-tasks elmo-probe en_ewt-ud-train.conllu en_ewt-ud-dev.conllu --column xpos",
    add_options=_add_options,
    run=_run,
)
