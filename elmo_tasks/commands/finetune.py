"""`allennlp elmo-finetune`: a trained biLM, trained on with a user's own text (Peters et al. 2018, table 7)."""

import argparse
import json
from pathlib import Path
from typing import Any

from allennlp.commands.subcommand import Subcommand
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import get_weights_path
from overrides import overrides

from elmo_tasks.bilm import BiLMOptions, find_bilm
from elmo_tasks.bilm.pretrained import is_bilm
from elmo_tasks.commands.language_model import export_bilm, load_language_model, measure_perplexity
from elmo_tasks.files import writing
from elmo_tasks.pretraining import CorpusReader, LanguageModel, WindowDataLoader

_WINDOW = 20
_SOFTMAX_RATE = 0.003
"""Of a new softmax. With 0.01 it had learned 80,000 tokens by heart after a pass, and held-out perplexity rose."""


@Subcommand.register("elmo-finetune")
class Finetune(Subcommand):
    """
    `allennlp elmo-finetune BILM TEXT --heldout TEXT -s RUN`

    Registered as a `Subcommand` with name "elmo-finetune".
    """

    @overrides
    def add_subparser(self, parser: argparse._SubParsersAction) -> argparse.ArgumentParser:
        description = (
            "Trains a biLM on with a text of your own, and writes options.json and weights.hdf5 into the folder bilm "
            "of the run. Prints the perplexity on held-out text before and after: exact, over all words. Published "
            "weights come without a softmax; then one is learned first, with the biLM frozen, for the words of your "
            "text. The run is an ordinary run of allennlp train. "
            "Example: allennlp elmo-finetune mini train.txt --heldout dev.txt -s runs/mine"
        )
        subparser = parser.add_parser(self.name, description=description, help="train a biLM on with your own text")
        subparser.add_argument(
            "bilm",
            help="a biLM's name (mini, small, medium, original, 5.5B) or its folder; or the folder or model.tar.gz of "
            'a run with an "elmo_language_model", which has its softmax and its vocabulary',
        )
        subparser.add_argument("text", help="a file, folder or pattern: tokenized, one sentence a line, plain or .gz")
        subparser.add_argument("--heldout", required=True, help="text of the same kind that is not trained on")
        subparser.add_argument("-s", "--serialization-dir", required=True, metavar="RUN", help="the run's folder")
        subparser.add_argument("--epochs", type=int, default=1, help="passes over the text (default: 1, as the paper)")
        subparser.add_argument(
            "--softmax-epochs",
            type=int,
            default=2,
            help="passes before these in which a new softmax is learned, while perplexity falls (default: 2)",
        )
        subparser.add_argument("--lr", type=float, default=0.0005, help="the biLM's learning rate (default: 0.0005)")
        subparser.add_argument(
            "--min-count",
            type=int,
            default=2,
            help='with a new softmax: rarer words count as "unknown" (default: 2)',
        )
        subparser.add_argument(
            "--streams",
            type=int,
            default=32,
            help="streams of text side by side, 20 tokens of each a batch (default: 32)",
        )
        subparser.add_argument("--cuda-device", type=int, default=-1, help="GPU, -1 for none (default: -1)")
        subparser.add_argument("--recover", action="store_true", help="go on with a run that was stopped")
        subparser.add_argument("--half", action="store_true", help="as in elmo-export: half the size (default: whole)")
        subparser.add_argument(
            "--print-config", action="store_true", help="print the config, for allennlp train, and do nothing else"
        )
        subparser.set_defaults(func=_finetune)
        return subparser


def finetune_config(
    start: dict[str, Any],
    text: str,
    heldout: str,
    epochs: int = 1,
    softmax_epochs: int = 2,
    lr: float = 0.0005,
    streams: int = 32,
    cuda_device: int = -1,
) -> dict[str, Any]:
    """
    The experiment that fine-tunes a language model.

    # Parameters

    start : `dict[str, Any]`
        From `from_weights` or `from_archive`.
    text, heldout : `str`
        Corpora, as `find_shards` takes them.
    epochs : `int`
        Passes in which everything is trained.
    softmax_epochs : `int`
        Passes before them in which the softmax alone is trained.
    lr : `float`
        The biLM's learning rate.
    streams : `int`
    cuda_device : `int`

    # Returns

    `dict[str, Any]`
        A config for `allennlp train`.
    """
    windows = {"type": "elmo_lm_windows", "batch_size": streams, "window": _WINDOW}
    return {
        "dataset_reader": {"type": "elmo_corpus"},
        "train_data_path": text,
        "validation_data_path": heldout,
        **start,
        # The words of another corpus need not be in this one's order of frequency.
        "data_loader": {**windows, "shuffle_buffer": 200_000, "check_order": False},
        "validation_data_loader": windows,
        "trainer": {
            "num_epochs": softmax_epochs + epochs,
            "validation_metric": "-perplexity",
            "grad_norm": 1.0,
            "optimizer": {
                "type": "elmo_adam",
                "lr": lr,
                "parameter_groups": [[["^softmax[.]"], {"rows": True, "lr": _SOFTMAX_RATE if softmax_epochs else lr}]],
            },
            "callbacks": [{"type": "elmo_unfreeze", "parameters": "^bilm[.]", "epochs": softmax_epochs}],
            "cuda_device": cuda_device,
        },
    }


def from_weights(bilm: str, text: str, min_count: int = 2) -> dict[str, Any]:
    """
    Where fine-tuning a biLM without its softmax begins: the words to predict are those of the text.

    # Parameters

    bilm : `str`
        A name or a folder that `find_bilm` knows.
    text : `str`
    min_count : `int`
        How often a word must occur.
    """
    files = find_bilm(bilm)
    return {
        "vocabulary": {"type": "elmo_corpus", "paths": text, "min_count": min_count},
        "model": {
            "type": "elmo_language_model",
            "options": BiLMOptions.from_file(files.options_file).to_dict(),
            "pretrained_file": str(files.weight_file),
        },
    }


def from_archive(archive: str, model: LanguageModel) -> dict[str, Any]:
    """
    Where fine-tuning a whole language model begins.

    # Parameters

    archive : `str`
        A run's folder or its model.tar.gz.
    model : `LanguageModel`
        What is in it.
    """
    path = Path(archive)
    weights, vocabulary = (get_weights_path(path), path / "vocabulary") if path.is_dir() else (path, path)
    return {
        "vocabulary": {"type": "from_files", "directory": str(vocabulary)},
        "model": {
            "type": "elmo_language_model",
            "options": model.bilm.options.to_dict(),
            "num_samples": model.softmax.num_samples,
            "initializer": {"regexes": [[".*", {"type": "pretrained", "weights_file_path": str(weights)}]]},
        },
    }


def _finetune(args: argparse.Namespace) -> None:
    if min(args.epochs, args.streams) < 1 or args.softmax_epochs < 0:
        raise ConfigurationError("--epochs and --streams must be at least 1, and --softmax-epochs not negative.")
    _check_length(args.text, args.streams)
    has_softmax = not is_bilm(args.bilm)
    before: dict[str, float] = {}
    if has_softmax:
        softmax_epochs = 0
        model = load_language_model(args.bilm, args.cuda_device)
        start = from_archive(args.bilm, model)
        if not args.print_config:
            before["before"] = measure_perplexity(model, args.heldout, args.streams, _WINDOW)["perplexity"]
    else:
        softmax_epochs = args.softmax_epochs
        start = from_weights(args.bilm, args.text, args.min_count)
    config = finetune_config(
        start, args.text, args.heldout, args.epochs, softmax_epochs, args.lr, args.streams, args.cuda_device
    )
    if args.print_config:
        print(json.dumps(config, indent=2))
        return
    tuned = train_model(Params(config), args.serialization_dir, recover=args.recover)
    assert isinstance(tuned, LanguageModel)
    run = Path(args.serialization_dir)
    after: dict[str, float] = {}
    for epoch in range(softmax_epochs + args.epochs):
        metrics = json.loads((run / f"metrics_epoch_{epoch}.json").read_text(encoding="utf-8"))
        if epoch < softmax_epochs:
            before[f"epoch {epoch + 1}, softmax"] = metrics["validation_perplexity"]
        else:
            after[f"epoch {epoch + 1}, all"] = metrics["validation_perplexity"]
    export_bilm(tuned.bilm, run / "bilm", args.half)
    _report(before, after, metrics["validation_unknown"], run / "perplexity.json")


def _report(before: dict[str, float], after: dict[str, float], unknown: float, path: Path) -> None:
    """Prints and writes the perplexities of the epochs before the biLM was trained, and of those in which it was."""
    # The lowest: a softmax that was learned for too long must not make the biLM look bad.
    figures: dict[str, Any] = {
        "before": min(before.values(), default=None),
        "after": min(after.values()),
        "unknown": unknown,
        "all": {**before, **after},
    }
    print(f"{'held-out perplexity':<24} {'average':>9}   ({unknown:.2%} of the tokens unknown)")
    for name, perplexity in figures["all"].items():
        print(f"{name:<24} {perplexity:>9.2f}")
    if before and figures["after"] >= figures["before"]:
        print("Fine-tuning did not help, and the biLM is what it was: try a smaller --lr, or more text.")
    with writing(path) as temporary:
        temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _check_length(text: str, streams: int) -> None:
    batches = len(WindowDataLoader(CorpusReader(), text, batch_size=streams, window=_WINDOW))
    if batches < 2:
        raise ConfigurationError(
            f"{text} is too short for {streams} streams of {_WINDOW} tokens a batch: "
            "give fewer --streams, or more text."
        )
