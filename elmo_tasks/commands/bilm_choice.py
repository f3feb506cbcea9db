"""The options by which a command is told its biLM."""

import argparse

from allennlp.common.checks import check_for_gpu

from elmo_tasks.bilm import BiLM, find_bilm


def add_bilm_options(subparser: argparse.ArgumentParser) -> None:
    """Adds `--bilm`, `--options-file`, `--weight-file` and `--cuda-device`."""
    subparser.add_argument("--bilm", help="mini, small, medium, original, 5.5B, or a folder (default: mini)")
    subparser.add_argument("--options-file", help="instead of --bilm: path or URL of an options.json (default: none)")
    subparser.add_argument("--weight-file", help="and path or URL of its weights.hdf5 (default: none)")
    subparser.add_argument("--cuda-device", type=int, default=-1, help="GPU, -1 for none")


def load_bilm(args: argparse.Namespace) -> BiLM:
    """
    The biLM that the options say.

    # Raises

    `ValueError`, `FileNotFoundError`, `ConfigurationError`
        If it cannot be had, or there is no such GPU.
    """
    check_for_gpu(args.cuda_device)
    files = find_bilm(args.bilm, args.options_file, args.weight_file, default="mini")
    bilm = BiLM.from_files(*files).eval()
    return bilm.to("cpu" if args.cuda_device < 0 else f"cuda:{args.cuda_device}")
