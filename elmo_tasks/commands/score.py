"""`elmo-score`: what a language model says of sentences, of pairs of them, and of words for a place in one."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import add_device_option, check_device
from elmo_tasks.commands.output import add_force_option, check_output

if TYPE_CHECKING:
    from elmo_tasks.pretraining.language_model import LanguageModel
    from elmo_tasks.pretraining.pairs import Tallies
    from elmo_tasks.pretraining.scores import Line

_STDIN = "-"

_MARK, _TOP = "___", 10
"""For substitutes."""

Record = dict[str, Any]
Tokenize = Callable[[str], tuple[str, ...]]
Progress = Callable[[int], object]


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("archive", help="the folder of a language model's run, or its model.tar.gz")
    parser.add_argument(
        "text",
        nargs="+",
        help="a file, folder or pattern: one sentence a line, plain or compressed; - alone reads the standard input",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--pairs",
        action="store_true",
        help='the files are JSON lines with "sentence_good" and "sentence_bad": print how often the good one is the '
        "likelier",
    )
    what.add_argument(
        "--substitutes", action="store_true", help="each line has one place marked: write the likeliest words there"
    )
    parser.add_argument(
        "--tokenizer",
        default="whitespace",
        help="how a sentence is split into words: whitespace, elmo_spacy_rules for English that is not tokenized, or "
        'another AllenNLP tokenizer, by its name or as JSON with its "type" (default: %(default)s)',
    )
    parser.add_argument(
        "--by-token", action="store_true", help="write the log probability of each token too; not with --substitutes"
    )
    parser.add_argument(
        "--mean",
        action="store_true",
        help="divide by the number of tokens, the sentence's end counted as one; not with --substitutes",
    )
    parser.add_argument(
        "--group-by",
        action="append",
        metavar="FIELD",
        help="with --pairs: a field whose values are groups, such as linguistics_term; may be given more than once; "
        "lines without it are grouped by file (default: UID)",
    )
    parser.add_argument("--mark", help=f"with --substitutes: what marks the place (default: {_MARK})")
    parser.add_argument("--top", type=int, help=f"with --substitutes: words for each place (default: {_TOP})")
    add_device_option(parser)
    parser.add_argument(
        "--output-file", help="write the JSON lines there (default: print them; with --pairs print the table alone)"
    )
    add_force_option(parser)


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.commands.progress import progress_bar
    from elmo_tasks.pretraining.pairs import Tallies
    from elmo_tasks.pretraining.perplexity import load_language_model

    _check_together(args)
    check_device(args.cuda_device)
    tokenize, files = _tokenizer(args.tokenizer), _files(args.text)
    check_output(args.output_file, args.force, [*files, args.archive])
    model = load_language_model(args.archive, args.cuda_device)
    tallies = Tallies(args.group_by or ["UID"], args.mean)
    # Where lines are printed to the same terminal or file, the bar would stand among them.
    mixed = not (args.output_file or args.pairs) and (sys.stdout.isatty() or not sys.stderr.isatty())
    number = 0
    with _writer(args) as write, progress_bar(unit=" tokens", disable=mixed) as bar:
        if args.pairs:
            records = _pair_records(model, _lines(files), tokenize, bar.update, args, tallies)
        elif args.substitutes:
            records = _substitute_records(model, _lines(files), tokenize, bar.update, args)
        else:
            records = _score_records(model, _lines(files), tokenize, bar.update, args)
        for line, record in records:
            number += 1
            write({"file": line.file, "line": line.number, **record})
    if args.pairs:
        print("\n\n".join(_table(field, tallies) for field in tallies.groups))
    elif args.output_file:
        print(f"{args.output_file}: {number} lines.")


def _check_together(args: argparse.Namespace) -> None:
    """An option that changes nothing here is a mistake."""
    from allennlp.common.checks import ConfigurationError

    for option, is_given, belongs, where in (
        ("--by-token", args.by_token, not args.substitutes, "does not go with --substitutes"),
        ("--mean", args.mean, not args.substitutes, "does not go with --substitutes"),
        ("--group-by", args.group_by is not None, args.pairs, "goes with --pairs only"),
        ("--mark", args.mark is not None, args.substitutes, "goes with --substitutes only"),
        ("--top", args.top is not None, args.substitutes, "goes with --substitutes only"),
    ):
        if is_given and not belongs:
            raise ConfigurationError(f"{option} {where}: leave it out.")


def _tokenizer(given: str) -> Tokenize:
    from allennlp.common import Params
    from allennlp.common.checks import ConfigurationError
    from allennlp.data.tokenizers import Tokenizer

    from elmo_tasks.files import JSONError, parse_json

    try:
        params = parse_json(given) if given.lstrip().startswith("{") else {"type": given}
    except JSONError as error:
        raise ConfigurationError(f"--tokenizer {given} is {error}.") from None
    if not isinstance(params.get("type"), str):
        raise ConfigurationError(f'--tokenizer {given}: its "type" is missing, such as "elmo_spacy_rules".')
    if params["type"] not in (names := Tokenizer.list_available()) and "." not in params["type"]:
        raise ConfigurationError(f'--tokenizer: there is no "{params["type"]}"; there are: {", ".join(names)}.')
    tokenizer = Tokenizer.from_params(Params(params))
    return lambda text: tuple(str(token) for token in tokenizer.tokenize(text))


def _files(given: list[str]) -> list[str]:
    """All files, which are there, or `-` for the standard input."""
    from elmo_tasks.pretraining.corpus import find_shards

    return given if given == [_STDIN] else [str(path) for path in find_shards(given)]


def _lines(files: list[str]) -> Iterator["Line"]:
    """Of all files."""
    from elmo_tasks.files import read_lines, text_lines
    from elmo_tasks.pretraining.scores import Line, ScoreError

    for file in files:
        if file == _STDIN:
            numbered = text_lines(sys.stdin.buffer, "The standard input", ScoreError)
        else:
            numbered = read_lines(file, ScoreError)
        for number, text in numbered:
            yield Line(file, number, text)


@contextmanager
def _writer(args: argparse.Namespace) -> Iterator[Callable[[Record], None]]:
    """What writes a record as a line: to the file, which is whole or not there, or to the standard output."""
    from elmo_tasks.files import writing

    if args.output_file:
        with writing(args.output_file) as temporary, open(temporary, "w", encoding="utf-8") as file:
            yield lambda record: print(_json(record), file=file)
    elif args.pairs:
        yield lambda record: None
    else:
        yield lambda record: print(_json(record))


def _json(record: Record) -> str:
    # A lone surrogate, which UTF-8 cannot hold, becomes the escape that JSON has for it.
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")


def _score_records(
    model: "LanguageModel", lines: Iterator["Line"], tokenize: Tokenize, progress: Progress, args: argparse.Namespace
) -> Iterator[tuple["Line", Record]]:
    from elmo_tasks.pretraining.scores import Scorer, answered

    sentences = ((line, tokenize(line.text)) for line in lines)
    scored = answered(sentences, lambda sentence: sentence[1:], len, Scorer(model).scores, progress)
    for (line, _), (score,) in scored:
        yield line, {"sentence": line.text, **score.to_json(args.mean, args.by_token)}


def _pair_records(
    model: "LanguageModel",
    lines: Iterator["Line"],
    tokenize: Tokenize,
    progress: Progress,
    args: argparse.Namespace,
    tallies: "Tallies",
) -> Iterator[tuple["Line", Record]]:
    from elmo_tasks.pretraining.pairs import BAD, GOOD, read_pairs
    from elmo_tasks.pretraining.scores import Scorer, answered

    pairs = read_pairs(lines, tokenize)
    scored = answered(pairs, lambda pair: pair.sentences, len, Scorer(model).scores, progress)
    for pair, (good, bad) in scored:
        tallies.add(pair, good, bad)
        record: Record = {field: pair.group(field) for field in tallies.groups}
        for name, score in ((GOOD, good), (BAD, bad)):
            record[name] = {"sentence": pair.fields[name], **score.to_json(args.mean, args.by_token)}
        yield pair.line, record


def _substitute_records(
    model: "LanguageModel", lines: Iterator["Line"], tokenize: Tokenize, progress: Progress, args: argparse.Namespace
) -> Iterator[tuple["Line", Record]]:
    from elmo_tasks.pretraining.scores import answered
    from elmo_tasks.pretraining.substitutes import Place, Substitutes, find_places

    places = find_places(lines, tokenize, _MARK if args.mark is None else args.mark)
    find = Substitutes(model, _TOP if args.top is None else args.top).find
    for (line, _), (words,) in answered(places, lambda place: place[1:], Place.num_tokens, find, progress):
        yield line, {"sentence": line.text, "substitutes": [word.to_json() for word in words]}


def _table(field: str, tallies: "Tallies") -> str:
    """A row for each group: in how many of its pairs the good sentence is the likelier."""
    rows = {**dict(sorted(tallies.groups[field].items())), "all": tallies.all}
    width = max(map(len, (field, *rows)))
    lines = [f"{field:<{width}}    pairs   forward  backward  together     ties   unknown"]
    for group, tally in rows.items():
        won = " ".join(f"{tally.won[name] / max(tally.pairs, 1):>9.2%}" for name in ("forward", "backward", "together"))
        unknown = tally.unknown / max(tally.tokens, 1)
        lines.append(f"{group:<{width}} {tally.pairs:>8} {won} {tally.ties['together']:>8} {unknown:>9.2%}")
    return "\n".join(lines)


COMMAND = Command(
    help="log probabilities of sentences, pairs and words",
    description="The log probability (natural logarithm) that a language model gives to each sentence, as JSON lines: "
    "forward, each token given those before it; backward, each given those behind it; and together, the sum of both. "
    "Exact, over the whole vocabulary, each sentence by itself. The biLM is the model's own. With --pairs, how often "
    "the good sentence of a pair is the likelier, as a table; with --substitutes, the likeliest words at a marked "
    "place. Example: elmo-tasks elmo-score runs/mini sentences.txt --output-file scores.jsonl",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
