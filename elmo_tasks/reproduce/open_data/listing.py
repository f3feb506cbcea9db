"""Which originals are missing, for people."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatch

from elmo_tasks.reproduce.open_data.recipe import Recipe, Source


def missing_originals(missing: Mapping[Source, Sequence[Recipe]]) -> Iterator[str]:
    """Each source with its licence and address, and below it what is needed of it and for which files."""
    for source, recipes in missing.items():
        yield f"{source.name}. Licence: {source.licence}"
        yield f"  {source.address}"
        wanted: dict[tuple[str, ...], list[Recipe]] = {}
        for recipe in recipes:
            wanted.setdefault(recipe.originals, []).append(recipe)
        for originals, made in wanted.items():
            yield f"    {_names(originals)} for {', '.join(recipe.path for recipe in made)}"
            yield from (f"      a stand-in: {recipe.stand_in}" for recipe in made if recipe.stand_in)


def _names(originals: tuple[str, ...]) -> str:
    if len(originals) <= 2:
        return " and ".join(originals)
    return f"{originals[0]}, {originals[1]} and {len(originals) - 2} more"


def not_made(reasons: Mapping[str, str], only: Collection[str] = ()) -> Iterator[str]:
    """The files that cannot be made, and why; of those below the folders `only`, if there are any."""
    for paths, reason in reasons.items():
        if not only or any(fnmatch(path.strip(), f"{folder}/*") for path in paths.split(",") for folder in only):
            yield f"{paths}: {reason}."
