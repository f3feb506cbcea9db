"""`elmo-doctor`: is this installation well?"""

import argparse
import sys

import elmo_tasks
from elmo_tasks import commands
from elmo_tasks.commands.command import Command
from elmo_tasks.installation import WITHOUT_ALLENNLP, Check, all_checks, config_check


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("configs", nargs="*", help="configs, JSON or jsonnet, to look at too (default: none)")


def _run(args: argparse.Namespace) -> None:
    print(f"elmo-tasks {elmo_tasks.__version__}")
    checks = [*all_checks(commands.COMMANDS), *map(config_check, args.configs)]
    failed = report(checks)
    if "allennlp" in failed and "biLM" not in failed:
        print(f"without AllenNLP work biLMs, vectors and probes in Python, and {', '.join(WITHOUT_ALLENNLP)}")
    if failed:
        print(f"{len(failed)} of {len(checks)} checks failed")
        sys.exit(1)
    print(f"all {len(checks)} checks are well")


def report(checks: list[Check]) -> list[str]:
    """
    Makes the checks and prints a line for each, and one more for what to do.

    # Returns

    `list[str]`
        The names of those that were not well.
    """
    failed = []
    for check in checks:
        try:
            print(f"ok    {check.name}: {check.look()}")
        except Exception as error:
            failed.append(check.name)
            print(f"FAIL  {check.name}: {type(error).__name__}: {error}")
            print(f"      what to do: {check.remedy}")
    return failed


COMMAND = Command(
    help="check that ELMo is well installed",
    description="Checks that ELMo for AllenNLP is well installed, and says what to do where it is not; the exit code "
    "is then 1. Prints versions, devices and what is registered, tries what it rests on, and embeds a sentence by "
    "the biLM mini; and says of configs whether they can be read, and are none of AllenNLP 0.9. "
    "Example: elmo-tasks elmo-doctor; elmo-tasks elmo-doctor tagger.jsonnet",
    add_options=_add_options,
    run=_run,
)
