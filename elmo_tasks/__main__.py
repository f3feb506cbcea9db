"""
The command `elmo-tasks`: `allennlp` with this plugin loaded, in any folder.

`allennlp` itself finds the plugin only where a file names it: `.allennlp_plugins` in the current folder, or
`~/.allennlp/plugins`.
"""

import importlib
import sys

import elmo_tasks


def main() -> None:
    """Runs AllenNLP's command line; `elmo-tasks ARGUMENTS` takes what `allennlp ARGUMENTS` takes."""
    try:
        # Sets up logging as the `allennlp` command does.
        importlib.import_module("allennlp.__main__")
    except ModuleNotFoundError as error:
        if error.name not in ("allennlp", "allennlp.__main__"):
            raise
        sys.exit(f"elmo-tasks needs AllenNLP, which is not installed.\n{elmo_tasks.INSTALL_HELP}")
    from allennlp.commands import main as allennlp_main
    from allennlp.common.util import install_sigterm_handler

    install_sigterm_handler()
    allennlp_main(prog="elmo-tasks")


if __name__ == "__main__":
    main()
