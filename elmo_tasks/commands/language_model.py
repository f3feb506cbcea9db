"""What a trained language model is used for: its perplexity on a text, and its biLM's files."""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from allennlp.commands.subcommand import Subcommand
from allennlp.common import Tqdm
from allennlp.common.checks import ConfigurationError
from allennlp.models import Model
from overrides import overrides

from elmo_tasks.archives.safety import open_archive
from elmo_tasks.bilm import BiLM
from elmo_tasks.embedders import ElmoTokenEmbedder
from elmo_tasks.files import writing
from elmo_tasks.pretraining import CorpusReader, LanguageModel, WindowDataLoader

_ARCHIVE_HELP = "a run's folder or its model.tar.gz"


def load_language_model(archive: str, cuda_device: int = -1) -> LanguageModel:
    """
    # Parameters

    archive : `str`
        A run's folder or its model.tar.gz.
    cuda_device : `int`
        -1 for the processor.

    # Raises

    `ConfigurationError`
        Where there is no archive, it is not safe to load, or its model is no language model.
    """
    model = open_archive(archive, cuda_device).model
    if not isinstance(model, LanguageModel):
        raise ConfigurationError(f'{archive} holds a {type(model).__name__}, not an "elmo_language_model".')
    return model.eval()


def measure_perplexity(model: LanguageModel, text: str, streams: int = 64, window: int = 20) -> dict[str, float]:
    """
    Perplexity on a held-out text: exact (the softmax over the whole vocabulary), every token once, the LSTM's states
    carried from window to window.

    # Parameters

    model : `LanguageModel`
    text : `str`
        A corpus, as `find_shards` takes it.
    streams, window : `int`
        The text is dealt to so many streams, and read so many tokens at a time. The window changes nothing but the
        memory it takes; fewer streams mean that fewer sentences begin without a context.

    # Returns

    `dict[str, float]`
        `tokens` (sentence ends included), `unknown` (the share outside the vocabulary), `forward_perplexity`,
        `backward_perplexity` and their mean, `perplexity`.
    """
    loader = WindowDataLoader(CorpusReader(), text, batch_size=streams, window=window)
    loader.index_with(model.vocab)
    loader.set_target_device(next(model.parameters()).device)
    model.eval()
    model.reset_states()
    model.get_metrics(reset=True)
    with torch.inference_mode(), Tqdm.tqdm(desc=text, unit=" tokens") as bar:
        for batch in loader:
            model(**batch)
            targets = batch["targets"]
            assert isinstance(targets, torch.Tensor)
            bar.update(int((targets[0] >= 0).sum()))
        tokens = bar.n
    metrics = model.get_metrics(reset=True)
    names = ("unknown", "forward_perplexity", "backward_perplexity", "perplexity")
    return {"tokens": tokens, **{name: metrics[name] for name in names}}


@Subcommand.register("elmo-perplexity")
class Perplexity(Subcommand):
    """
    `allennlp elmo-perplexity ARCHIVE TEXT...`

    Registered as a `Subcommand` with name "elmo-perplexity".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "A language model's perplexity on held-out text, tokenized, one sentence a line: exact, over the whole "
            "vocabulary. Example: allennlp elmo-perplexity runs/mini heldout.txt.gz"
        )
        subparser = parser.add_parser(self.name, description=description, help="perplexity of a language model")
        subparser.add_argument("archive", help=_ARCHIVE_HELP)
        subparser.add_argument("text", nargs="+", help="a file, folder or pattern; one row of the table each")
        subparser.add_argument("--streams", type=int, default=64, help="streams of text side by side")
        subparser.add_argument("--window", type=int, default=20, help="tokens read at a time")
        subparser.add_argument("--cuda-device", type=int, default=-1, help="GPU, -1 for none")
        subparser.add_argument("--output-file", help="write the figures as JSON too (default: print them only)")
        subparser.set_defaults(func=_print_perplexity)
        return subparser


def _print_perplexity(args: argparse.Namespace) -> None:
    model = load_language_model(args.archive, args.cuda_device)
    figures = {text: measure_perplexity(model, text, args.streams, args.window) for text in args.text}
    print(f"{'text':<40} {'tokens':>9} {'unknown':>8} {'forward':>9} {'backward':>9} {'average':>9}")
    for text, row in figures.items():
        print(
            f"{Path(text).name:<40} {row['tokens']:>9.0f} {row['unknown']:>8.2%} {row['forward_perplexity']:>9.2f} "
            f"{row['backward_perplexity']:>9.2f} {row['perplexity']:>9.2f}"
        )
    if args.output_file:
        with writing(args.output_file) as temporary:
            temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def bilms_of(model: Model) -> dict[str, BiLM]:
    """
    The biLMs of a model, by the names of the modules that hold them: a language model's, or those that a task's model
    trained; where it trained none, the frozen ones. One that several places share is there once.
    """
    trained = {name: module for name, module in model.named_modules() if isinstance(module, BiLM)}
    if trained:
        return trained
    embedders = {name: module for name, module in model.named_modules() if isinstance(module, ElmoTokenEmbedder)}
    first_names = {id(embedder.bilm): name for name, embedder in reversed(embedders.items())}
    return {name: embedders[name].bilm for name in reversed(first_names.values())}


@Subcommand.register("elmo-export")
class Export(Subcommand):
    """
    `allennlp elmo-export ARCHIVE OUT`

    Registered as a `Subcommand` with name "elmo-export".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Writes the biLM of a trained model as options.json and weights.hdf5, in the published format: a language "
            "model's, or that of a task's model, trained with it (\"requires_grad\": true) or frozen. "
            "Example: allennlp elmo-export runs/mini runs/mini-bilm"
        )
        subparser = parser.add_parser(self.name, description=description, help="write options.json and weights.hdf5")
        subparser.add_argument("archive", help=_ARCHIVE_HELP)
        subparser.add_argument("out", help="the folder to write to; made if need be")
        subparser.add_argument(
            "--half",
            action="store_true",
            help="round the weights to half precision and compress them: half the size, still float32 to its readers "
            "(default: neither)",
        )
        subparser.add_argument(
            "--module", help="which biLM, by its module's name, where a model has several (default: the only one)"
        )
        subparser.set_defaults(func=_export)
        return subparser


def _export(args: argparse.Namespace) -> None:
    bilms = bilms_of(open_archive(args.archive).model)
    if not bilms:
        raise ConfigurationError(f"{args.archive} holds no biLM: its model neither is nor has one.")
    if args.module is None and len(bilms) > 1:
        raise ConfigurationError(f"{args.archive} holds {len(bilms)} biLMs; give one by --module: {', '.join(bilms)}.")
    name = args.module if args.module is not None else next(iter(bilms))
    if name not in bilms:
        raise ConfigurationError(f'There is no biLM "{name}" in {args.archive}, but: {", ".join(bilms)}.')
    export_bilm(bilms[name], Path(args.out), args.half)


def export_bilm(bilm: BiLM, out: Path, half: bool = False) -> None:
    """Writes options.json and weights.hdf5 into a folder, `half` as for the command, and says so."""
    options: dict[str, Any] = {"compress": True, "round_to_half": True} if half else {}
    bilm.save(out / "options.json", out / "weights.hdf5", **options)
    print(f"Wrote {out / 'options.json'} and {out / 'weights.hdf5'}.")
