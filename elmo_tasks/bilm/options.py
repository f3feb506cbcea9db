"""The shape of a biLM: a dataclass, and the options.json that bilm-tf writes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from elmo_tasks.bilm.characters import MAX_WORD_LENGTH, NUM_CHARACTER_IDS
from elmo_tasks.checks import check_count, check_flag, check_number
from elmo_tasks.files import JSONError, parse_json, writing

ACTIVATIONS = ("relu", "tanh")

# Far beyond any biLM: what is larger is a mistake, or meant to exhaust the reader.
_LARGEST_DIM, _MOST_LAYERS, _LARGEST_FILE = 1 << 20, 100, 1 << 20

# Within float32, which clips.
_LARGEST_CLIP = 1e30

# By which keys options.json calls the fields, where these are others.
_KEYS = {
    "character_dim": "char_cnn.embedding.dim",
    "num_highway": "char_cnn.n_highway",
    "cell_dim": "lstm.dim",
    "num_layers": "lstm.n_layers",
    "skip_connections": "lstm.use_skip_connections",
    "projection_clip": "lstm.proj_clip",
}


class OptionsError(ValueError):
    """options.json is not one, or describes a biLM that cannot be built."""


@dataclass(frozen=True)
class BiLMOptions:
    """
    The shape of a biLM (Peters et al. 2018, section 3.4).

    # Parameters

    character_dim : `int`
        Length of a character's vector.
    filters : `tuple[tuple[int, int], ...]`
        `(width in characters, number of filters)` of each convolution of the character CNN.
    num_highway : `int`
        Highway layers of the character CNN.
    activation : `str`
        `"relu"` or `"tanh"`, behind the convolutions.
    projection_after_highway : `bool`
        Whether the CNN's output is projected behind its highways (bilm-tf) or before them.
    cell_dim : `int`
        Length of an LSTM's cell, one direction.
    projection_dim : `int`
        Length of a token's vector and of an LSTM's output, one direction. A layer of the biLM has twice that.
    num_layers : `int`
        LSTM layers; the biLM has one layer more, the tokens' own.
    skip_connections : `bool`
        From the second LSTM layer on, add a layer's input to its output.
    cell_clip, projection_clip : `float`
        Bounds of an LSTM's cell and of its projected output; 0 means none.
    """

    character_dim: int = 16
    filters: tuple[tuple[int, int], ...] = ((1, 32), (2, 32), (3, 64), (4, 128), (5, 256), (6, 512), (7, 1024))
    num_highway: int = 2
    activation: str = "relu"
    projection_after_highway: bool = True
    cell_dim: int = 4096
    projection_dim: int = 512
    num_layers: int = 2
    skip_connections: bool = True
    cell_clip: float = 3.0
    projection_clip: float = 3.0

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise OptionsError(f"activation is {self.activation!r}; it must be one of {', '.join(ACTIVATIONS)}.")
        check_count(OptionsError, most=_LARGEST_DIM, **self._named("character_dim", "cell_dim", "projection_dim"))
        check_count(OptionsError, most=_MOST_LAYERS, **self._named("num_layers"))
        check_count(OptionsError, least=0, most=_MOST_LAYERS, **self._named("num_highway"))
        check_number(OptionsError, 0, _LARGEST_CLIP, **self._named("cell_clip", "projection_clip"))
        check_flag(OptionsError, **self._named("skip_connections", "projection_after_highway"))
        self._check_filters()
        for name in ("cell_clip", "projection_clip"):
            # So that 3 and 3.0 are one and the same also where they are written.
            object.__setattr__(self, name, float(getattr(self, name)))

    def _named(self, *fields: str) -> dict[str, Any]:
        """Fields' values, by the fields' names and what options.json calls them."""
        return {f"{field} ({_KEYS[field]})" if field in _KEYS else field: getattr(self, field) for field in fields}

    def _check_filters(self) -> None:
        if not self.filters:
            raise OptionsError("filters is empty; the character CNN needs at least one [width, number] pair.")
        for width, number in self.filters:
            widths: dict[str, Any] = {"filters: a filter's width": width}
            numbers: dict[str, Any] = {"filters: the number of filters of a width": number}
            check_count(OptionsError, most=MAX_WORD_LENGTH, **widths)
            check_count(OptionsError, most=_LARGEST_DIM, **numbers)
        if len(self.filters) > _MOST_LAYERS or self.num_filters > _LARGEST_DIM:
            raise OptionsError(
                f"filters has {len(self.filters)} pairs with {self.num_filters} filters; "
                f"{_MOST_LAYERS} pairs and {_LARGEST_DIM} filters are the most."
            )

    @property
    def num_filters(self) -> int:
        """Length of the character CNN's output before it is projected."""
        return sum(number for _, number in self.filters)

    @property
    def output_dim(self) -> int:
        """Length of a token's vector in each layer: both directions."""
        return 2 * self.projection_dim

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> "BiLMOptions":
        """From the parsed content of an options.json. Raises `OptionsError` naming the key that is missing or wrong."""
        cnn, lstm = _section(options, "char_cnn"), _section(options, "lstm")
        _check_characters(cnn)
        try:
            return cls(
                character_dim=_section(cnn, "embedding")["dim"],
                filters=_filters(cnn["filters"]),
                num_highway=_or_none(cnn, "n_highway"),
                activation=cnn["activation"],
                projection_after_highway=cnn.get("projection_after_highway", True),
                cell_dim=lstm["dim"],
                projection_dim=lstm["projection_dim"],
                num_layers=lstm.get("n_layers", 1),
                skip_connections=lstm["use_skip_connections"],
                cell_clip=_or_none(lstm, "cell_clip"),
                projection_clip=_or_none(lstm, "proj_clip"),
            )
        except KeyError as error:
            raise OptionsError(f"there is no key {error} where a biLM's options have one.") from None

    def to_dict(self) -> dict[str, Any]:
        """As bilm-tf writes it, ready for prediction (262 characters)."""
        char_cnn: dict[str, Any] = {
            "activation": self.activation,
            "embedding": {"dim": self.character_dim},
            "filters": [list(pair) for pair in self.filters],
            "max_characters_per_token": MAX_WORD_LENGTH,
            "n_characters": NUM_CHARACTER_IDS,
            "n_highway": self.num_highway,
        }
        if not self.projection_after_highway:
            char_cnn["projection_after_highway"] = False
        return {
            "bidirectional": True,
            "char_cnn": char_cnn,
            "lstm": {
                "cell_clip": self.cell_clip,
                "dim": self.cell_dim,
                "n_layers": self.num_layers,
                "proj_clip": self.projection_clip,
                "projection_dim": self.projection_dim,
                "use_skip_connections": self.skip_connections,
            },
        }

    @classmethod
    def from_file(cls, path: str | Path) -> "BiLMOptions":
        """Reads an options.json. Every error names the file."""
        if Path(path).stat().st_size > _LARGEST_FILE:
            raise OptionsError(f"{path} has more than {_LARGEST_FILE} bytes: it is no options.json.")
        try:
            content = parse_json(Path(path).read_bytes())
        except JSONError as error:
            raise OptionsError(f"{path} is {error}.") from None
        if not isinstance(content, dict):
            raise OptionsError(f"{path}: expected a JSON object, found {type(content).__name__}.")
        try:
            return cls.from_dict(content)
        except OptionsError as error:
            raise OptionsError(f"{path}: {error}") from None

    def to_file(self, path: str | Path) -> None:
        """Writes an options.json; an existing file is replaced only once the new one is whole."""
        with writing(path) as temporary:
            temporary.write_text(json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def replace(self, **changes: Any) -> "BiLMOptions":
        """A copy with some fields changed."""
        return replace(self, **changes)


def _section(options: Any, name: str) -> Mapping[str, Any]:
    """An object in the options."""
    section = options.get(name, {})
    if not isinstance(section, Mapping):
        raise OptionsError(
            f'the structure is not that of a biLM\'s options: "{name}" is {repr(section)[:100]} and no object.'
        )
    return section


def _filters(pairs: Any) -> tuple[tuple[Any, Any], ...]:
    if not isinstance(pairs, list | tuple) or not all(isinstance(one, list | tuple) and len(one) == 2 for one in pairs):
        raise OptionsError(f"filters is {repr(pairs)[:100]}; it must be a list of [width, number] pairs.")
    return tuple((width, number) for width, number in pairs)


def _or_none(section: Mapping[str, Any], name: str) -> Any:
    """What may be left out, or null, for 0."""
    value = section.get(name)
    return 0 if value is None else value


def _check_characters(cnn: Mapping[str, Any]) -> None:
    characters = cnn.get("n_characters", NUM_CHARACTER_IDS)
    # bilm-tf counts 261 while it trains and wants 262 (the padding id too) for prediction: the weights are the same.
    if characters not in (NUM_CHARACTER_IDS - 1, NUM_CHARACTER_IDS):
        raise OptionsError(
            f"n_characters is {characters}; only 261 (as bilm-tf trains) and 262 (as it predicts) can be read."
        )
    length = cnn.get("max_characters_per_token", MAX_WORD_LENGTH)
    if length != MAX_WORD_LENGTH:
        raise OptionsError(f"max_characters_per_token is {length}; only {MAX_WORD_LENGTH} can be read.")
