"""`elmo-serve`: trained models on a page and behind a JSON API."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from elmo_tasks.commands.command import Command
from elmo_tasks.commands.device import add_device_option, check_device
from elmo_tasks.commands.progress import progress_bar

if TYPE_CHECKING:
    from elmo_tasks.serving.served import ServedModel
    from elmo_tasks.vectors.neighbors import CorpusIndex


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "archives",
        nargs="+",
        metavar="[NAME=]ARCHIVE",
        help="a model.tar.gz or a run's folder; the name is what the page and the API call the model (default: what "
        "tells the paths apart)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes one that is free (default: %(default)s)")
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="FILE",
        help="where a token's neighbours are found: tokenized text, one sentence a line, plain or compressed, which is "
        "embedded at the start and kept in memory (default: a small one in the package)",
    )
    parser.add_argument(
        "--predictor",
        action="append",
        default=[],
        metavar="[NAME=]PREDICTOR",
        help="answer by this predictor, the model of that name or all; may be given several times (default: each "
        "model's own predictor)",
    )
    parser.add_argument(
        "-o",
        "--overrides",
        default="",
        metavar="JSON",
        help="of all archives' configs, as for elmo-tasks predict (default: none)",
    )
    parser.add_argument(
        "--examples",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="texts to try for the model of that name: the first lines of a file for elmo-tasks predict (default: some "
        "in English)",
    )
    add_device_option(parser)
    parser.add_argument(
        "--max-characters", type=int, default=5000, help="of an input's texts together (default: %(default)s)"
    )
    parser.add_argument(
        "--max-requests", type=int, default=64, help="that may wait for answers at once (default: %(default)s)"
    )
    parser.add_argument(
        "--batch-size", type=int, default=16, help="waiting requests answered together, at most (default: %(default)s)"
    )


def _run(args: argparse.Namespace) -> None:
    from elmo_tasks.checks import check_count
    from elmo_tasks.mixes.named import short_names, split_name
    from elmo_tasks.serving.errors import ServingError

    try:
        from elmo_tasks.serving.server import Server, address, listen, own_names
    except ModuleNotFoundError as error:
        raise ServingError(
            f"FastAPI and uvicorn serve the page, and {error.name} is not installed: pip install "
            '"fastapi>=0.115" "fastapi-offline>=1.7" "uvicorn>=0.30", or the group "serve" of this package.'
        ) from None
    from elmo_tasks.serving.served import ServedModel
    from elmo_tasks.serving.service import Limits, Service
    from elmo_tasks.vectors.neighbors import CORPUS

    check_device(args.cuda_device)
    limits = Limits(args.max_characters, args.max_requests, args.batch_size)
    check_count(ServingError, **limits._asdict())
    with listen(args.host, args.port) as listening:
        given = [split_name(archive) for archive in args.archives]
        names = short_names([path for _, path in given])
        archives = {name or short: path for (name, path), short in zip(given, names, strict=True)}
        if len(archives) < len(given):
            raise ServingError("Two models have the same name: give each its own, NAME=ARCHIVE.")
        examples = _by_model("--examples", args.examples, archives)
        of_all = [one for one in args.predictor if "=" not in one]
        predictors = dict.fromkeys(archives, of_all[-1]) if of_all else {}
        predictors |= _by_model("--predictor", [one for one in args.predictor if "=" in one], archives)
        models = [
            ServedModel.from_archive(
                name, path, predictors.get(name), args.cuda_device, examples.get(name), args.overrides
            )
            for name, path in archives.items()
        ]
        corpus = args.corpus or CORPUS
        service = Service(models, limits, corpus, _indices(models, corpus))
        where = f"{', '.join(service.models)}: {address(listening)}"
        started = partial(print, f"{where} (Ctrl-C ends it)", flush=True)
        Server(service, started, own_names(listening)).serve_on(listening)


def _by_model(option: str, given: list[str], archives: dict[str, str]) -> dict[str, str]:
    """The models' names, and what an option gives for them."""
    from elmo_tasks.serving.errors import ServingError

    values = dict(one.partition("=")[::2] for one in given)
    if unknown := values.keys() - archives.keys():
        raise ServingError(f'{option}: there is no model "{min(unknown)}"; there are: {", ".join(archives)}.')
    return values


def _indices(models: "list[ServedModel]", corpus: Path) -> "dict[str, CorpusIndex]":
    """By the models' names: the corpus by each biLM, once where several models share it."""
    from elmo_tasks.bilm.identity import bilm_digest
    from elmo_tasks.vectors.neighbors import CorpusIndex, sentences_to_search, tokens_to_search

    total = tokens_to_search(corpus, [], False)
    by_digest: dict[str, CorpusIndex] = {}
    indices = {}
    for model in models:
        if model.bilm is None or model.bilm.stateful:
            continue
        digest = bilm_digest(model.bilm)
        if digest not in by_digest:
            with progress_bar(desc="corpus", unit=" tokens", total=total) as bar:
                by_digest[digest] = CorpusIndex(model.bilm, sentences_to_search(corpus, [], False), bar.update)
        indices[model.name] = by_digest[digest]
    return indices


COMMAND = Command(
    help="trained models on a page in your browser, and behind a JSON API",
    description="Serves trained models on one page, which draws what they say of a text, with the weights of the "
    "layers of the biLM and the neighbours of each token, and behind a JSON API, until Ctrl-C or SIGTERM ends it. "
    "The biLM of each is the one that its archive has in it. "
    "Example: elmo-tasks elmo-serve NER=runs/ner SNLI=runs/snli/model.tar.gz --port 8000",
    add_options=_add_options,
    run=_run,
    plugins=True,
)
