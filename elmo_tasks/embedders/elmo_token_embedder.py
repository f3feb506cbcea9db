"""ELMo as a token embedder."""

import copy
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.modules.token_embedders import TokenEmbedder
from overrides import overrides
from torch import Tensor, nn

from elmo_tasks.archives.source import BiLMSource
from elmo_tasks.archives.transformer_source import TransformerSource
from elmo_tasks.bilm.allennlp_weights import pop_allennlp
from elmo_tasks.bilm.boundaries import without_boundaries
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.scalar_mix import ScalarMix, ScalarMixError
from elmo_tasks.checks import check_count, check_flag, check_number
from elmo_tasks.embedders.cache_settings import read_cache_settings
from elmo_tasks.embedders.frozen import FrozenBiLM
from elmo_tasks.embedders.running import Running
from elmo_tasks.transformer import Transformer

logger = logging.getLogger(__name__)

_ANOTHER_BILM = (
    "{}: the weights have a biLM that was trained with the model, or another one than this embedder's, which is "
    'frozen and would stay as it is: set "requires_grad": true, or write that biLM by elmo-export and give its folder '
    'as "bilm".'
)


@TokenEmbedder.register("elmo")
class ElmoTokenEmbedder(TokenEmbedder):
    """
    Contextual token vectors: a biLM's layers, mixed for the task (Peters et al. 2018, section 3); or a transformer's.

    Takes the place of stock AllenNLP's `elmo_token_embedder`: its parameters mean the same here, and its archives load.
    The ids come from the stock indexer `elmo_characters`, or ours, `elmo_character_ids`. Each embedder is one place of
    use with a mix of its own; for ELMo at the output of its encoder a model holds a second embedder and gives it the
    same ids. gamma, the mix's scale, starts at 1, as stock's does; the parameter `gamma`, or an `initializer` of the
    model, can start it where the vectors are as long as those beside them, as `TaskElmo` does by itself.

    All frozen embedders of a process with the same biLM share one and run it once a batch. The frozen biLM is neither
    among the parameters nor in the state dict. A run keeps the biLM's two files once, where AllenNLP puts them into the
    archive: **making a state dict writes them**, if the embedder was built with a `serialization_dir` and they are not
    there yet (see `keep_bilm_files`).

    A transformer takes the biLM's place in all of this; its ids come from the indexer `elmo_transformer_ids`. Its files
    are kept only where that is asked for, see `TransformerSource`. While it is frozen it has no dropout.

    With `requires_grad` the biLM is an ordinary submodule, and this embedder's alone: while embedders are built from a
    config nothing tells those of one model from those of another, and two models must not train one biLM. In Python
    give the same `BiLM` to several embedders; each runs it for itself.

    # Parameters

    options_file, weight_file : `str`, optional
        The biLM's files: paths, URLs, or `archive.tar.gz!file`.
    do_layer_norm : `bool`
        Stock's name for `layer_norm: "stock"`.
    dropout : `float`
        Probability of a zero in the mixed vectors, while training.
    requires_grad : `bool`
        Whether the biLM is trained with the task.
    projection_dim : `int`, optional
        If given, the vectors are projected to this length.
    vocab_to_cache : `Sequence[str]`, optional
        Words whose token vectors are computed at the beginning, and kept with those of `kept_words`. These words and
        all others get the same vectors as without. It is not used with `requires_grad`.
    scalar_mix_parameters : `Sequence[float]`, optional
        The mix's weights before the softmax, one a layer, which are **not trained**, nor is gamma, as in stock. Most
        often `initial_scalar_mix_parameters` is what is wanted.
    bilm : `str` or `dict[str, str]` or `LayerSource`, optional
        Instead of the two files: a biLM's name, such as `"mini"`, or its folder; or `{"options_file": ...,
        "weight_file": ...}`; or, in Python, a `BiLM` or a `Transformer`, which a run does not keep and which is frozen
        here unless `requires_grad`.
    stateful : `bool`
        Whether the biLM carries its states from batch to batch, as stock's does. By default a sentence's vectors
        depend on that sentence alone. All that share a frozen biLM share its states.
    initial_scalar_mix_parameters : `Sequence[float]`, optional
        The mix's weights before the softmax when training begins, one a layer. Zeros by default.
    layer_norm : `str`
        `"none"`, `"token"` or `"stock"`, see `ScalarMix`. `"stock"` counts sentence boundaries in, so such an embedder
        shares its biLM with others of its kind only.
    layers : `str` or `int`
        `"all"`, `"last"`, or one layer's number, where 0 is the token layer (the paper's table 2).
    dtype : `str`
        `"float32"`, `"bfloat16"`, `"float16"` or `"int8"`: the precision of the frozen biLM's weights and matrix
        products. All else stays float32. Half precision is faster only where the hardware multiplies in it (bfloat16:
        processors with AMX or AVX512-BF16, GPUs; float16: GPUs) and **slower elsewhere**. int8 is for single sentences
        on a processor, see `elmo_tasks.bilm.int8`. On the bundled biLM bfloat16 changes a layer by 0.5 % of its root
        mean square, float16 by 0.05 %, int8 by 2 %.
    kept_words : `int`
        Words whose token vectors a frozen biLM keeps in memory from batch to batch, at most; 0 for none. 50,000 take
        57 MB with the biLM "mini", 109 MB with the original one (see `WordTable`). Where embedders share a biLM the
        largest number counts.
    cache : `str` or `dict[str, Any]`, optional
        A folder in which the frozen biLM's layers are kept on disk, so that the biLM need not run on a sentence again:
        not in the next epoch, and not in the next run. Or `{"path": folder, "max_bytes": ..., "dtype": ...}`:
        `max_bytes` bounds a biLM's file, 10 GiB by default; `dtype` is `"float16"`, the default, or `"float32"`, see
        `CachedBiLM`. A cache that cannot be used is warned of once and costs time only. Embedders share a biLM if their
        caches are the same too. A model that is loaded from an archive has none, unless the overrides set it.
    serialization_dir : `str`, optional
        Given by AllenNLP and not by a config: the run's folder, or the unpacked archive's.
    transformer : `str` or `dict[str, Any]`, optional
        Instead of a biLM: a pretrained transformer's folder, or its name on the hub; or an object with more, such as
        `{"name": "bert-base-uncased", "pooling": "first", "keep": true}`, see `TransformerSource`.
    gamma : `float`
        Where gamma starts. Beside word vectors that are not trained: the quotient of their length and that of ELMo's.

    # Raises

    `ConfigurationError`
        If no biLM is given or more than one, if its files cannot be found, or if parameters contradict each other.

    Registered as a `TokenEmbedder` with name "elmo".
    """

    def __init__(
        self,
        options_file: str | None = None,
        weight_file: str | None = None,
        do_layer_norm: bool = False,
        dropout: float = 0.5,
        requires_grad: bool = False,
        projection_dim: int | None = None,
        vocab_to_cache: Sequence[str] | None = None,
        scalar_mix_parameters: Sequence[float] | None = None,
        bilm: str | dict[str, str] | LayerSource | None = None,
        stateful: bool = False,
        initial_scalar_mix_parameters: Sequence[float] | None = None,
        layer_norm: str = "none",
        layers: str | int = "all",
        dtype: str = "float32",
        kept_words: int = 50_000,
        cache: str | dict[str, Any] | None = None,
        serialization_dir: str | None = None,
        transformer: str | dict[str, Any] | None = None,
        gamma: float = 1.0,
    ) -> None:
        super().__init__()
        if do_layer_norm and layer_norm not in ("none", "stock"):
            raise ConfigurationError(f'do_layer_norm means layer_norm "stock", and layer_norm is "{layer_norm}".')
        if scalar_mix_parameters is not None and initial_scalar_mix_parameters is not None:
            raise ConfigurationError(
                "scalar_mix_parameters fixes the mix and initial_scalar_mix_parameters trains it: give one of them."
            )
        check_flag(ConfigurationError, do_layer_norm=do_layer_norm, requires_grad=requires_grad, stateful=stateful)
        check_number(ConfigurationError, 0, 1, dropout=dropout)
        check_count(ConfigurationError, least=0, kept_words=kept_words)
        check_count(ConfigurationError, least=0, optional=True, projection_dim=projection_dim)
        self._with_boundaries = do_layer_norm or layer_norm == "stock"
        running = Running(requires_grad, stateful, dtype, read_cache_settings(cache), self._with_boundaries)
        self._source: BiLMSource | TransformerSource | None = None
        # A trained biLM is a submodule, with parameters and a place in the state dict; a frozen one is neither.
        self._bilm: LayerSource | FrozenBiLM
        if transformer is not None:
            if any(given is not None for given in (bilm, options_file, weight_file)):
                raise ConfigurationError('Give a biLM, or "transformer", but not both.')
            self._source = TransformerSource(transformer, serialization_dir)
            self._bilm = running.take_new(self._source.read())
        elif isinstance(bilm, LayerSource):
            if options_file is not None or weight_file is not None:
                raise ConfigurationError('Give "bilm", or "options_file" and "weight_file", but not both.')
            self._bilm = running.take(bilm)
        else:
            self._source = BiLMSource(bilm, options_file, weight_file, serialization_dir)
            self._bilm = running.read(self._source.find())
        if self.frozen is not None:
            self.frozen.keep_words(kept_words, vocab_to_cache or ())
        elif vocab_to_cache:
            logger.warning("vocab_to_cache is not used: the biLM is trained, and with it the words' vectors change.")
        try:
            self._scalar_mix = ScalarMix(
                self.bilm.num_layers,
                layers=layers,
                layer_norm="stock" if do_layer_norm else layer_norm,
                initial_scalar_parameters=(
                    initial_scalar_mix_parameters if scalar_mix_parameters is None else scalar_mix_parameters
                ),
                trainable=scalar_mix_parameters is None,
                gamma=gamma,
            )
        except ScalarMixError as error:
            raise ConfigurationError(str(error)) from None
        self._dropout = nn.Dropout(dropout)
        self._projection = nn.Linear(self.bilm.output_dim, projection_dim) if projection_dim else None
        self.register_state_dict_pre_hook(keep_bilm_files_with_weights)

    @property
    def bilm(self) -> LayerSource:
        """The biLM, or the transformer in its place. A frozen one belongs to all that share it."""
        return self._bilm.bilm if isinstance(self._bilm, FrozenBiLM) else self._bilm

    @property
    def frozen(self) -> FrozenBiLM | None:
        """What runs the biLM for all that share it; `None` where it is trained with the task."""
        return self._bilm if isinstance(self._bilm, FrozenBiLM) else None

    @property
    def scalar_mix(self) -> ScalarMix:
        """The mix of this place of use."""
        return self._scalar_mix

    @property
    def kept_share(self) -> float:
        """The share of the mixed vectors' numbers that dropout keeps; what it keeps it divides by that."""
        return 1 - self._dropout.p if self.training else 1.0

    @overrides
    def get_output_dim(self) -> int:
        return self.bilm.output_dim if self._projection is None else self._projection.out_features

    def forward(self, ids: Tensor | None = None, word_inputs: Tensor | None = None, **named: Tensor) -> Tensor:
        """
        # Parameters

        ids : `Tensor`
            What the biLM reads, character ids as `elmo_characters` makes them, shape `(batch, ..., tokens, 50)`; or the
            transformer, shape `(batch, ..., tokens, pieces of a token)`.
        word_inputs : `Tensor`, optional
            What stock finds cached words by. Here the characters say which word it is, and this is not used.
        named : `Tensor`
            Instead of `ids`, the indexer's tensors by their names, as AllenNLP gives them (`elmo_tokens=...`).

        # Returns

        `Tensor`
            Shape `(batch, ..., tokens, output_dim)`. Zeros where there is no token, unless there is a projection.

        # Raises

        `ConfigurationError`
            If another indexer's tensors are given than the biLM, or the transformer, reads.
        """
        if ids is None:
            ids = self.ids_among(named)
        vectors = self.mix(self.layers(as_sentences(ids)))
        return vectors.view(*ids.shape[:-1], vectors.shape[-1])

    def ids_among(self, tensors: Mapping[str, Tensor]) -> Tensor:
        """
        An indexer's tensor, if it is what the biLM, or the transformer, reads.

        # Raises

        `ConfigurationError`
            If it is not, with the indexer that is needed.
        """
        if self.bilm.ids_name in tensors:
            return tensors[self.bilm.ids_name]
        needed = (
            'a biLM reads the character ids of the token indexer "elmo_character_ids"'
            if isinstance(self.bilm, BiLM)
            else 'this transformer reads the ids of the token indexer {"type": "elmo_transformer_ids", "transformer": '
            "the same as the embedder's}"
        )
        raise ConfigurationError(f"ELMo is given {' and '.join(map(_described, tensors)) or 'no ids'}, and {needed}.")

    def layers(self, ids: Tensor) -> BiLMOutput:
        """
        What `mix` takes: the biLM's layers, with the sentence boundaries for the layer norm `"stock"`.

        # Parameters

        ids : `Tensor`
            Shape `(batch, tokens, 50)`, or for a transformer `(batch, tokens, pieces of a token)`.
        """
        if isinstance(self._bilm, FrozenBiLM):
            return self._bilm(ids, place=self)
        return self._bilm(ids)

    def mix(self, output: BiLMOutput, with_gamma: bool = True) -> Tensor:
        """This place's vectors of some layers, with dropout. Shape `(batch, tokens, output_dim)`."""
        # Shape: (batch, tokens, 2 * the biLM's projection_dim)
        vectors = self._scalar_mix(output.layers, output.mask, with_gamma)
        if self._with_boundaries:
            vectors = without_boundaries(vectors, output.mask)
        vectors = self._dropout(vectors)
        # Shape: (batch, tokens, output_dim)
        return vectors if self._projection is None else self._projection(vectors)

    def another_place(self) -> "ElmoTokenEmbedder":
        """An embedder like this one over the same biLM, trained or not, with a mix and a projection of its own."""
        # A memo that has the biLM already: all else is copied.
        other = copy.deepcopy(self, {id(self._bilm): self._bilm})
        if other._projection is not None:
            other._projection.reset_parameters()
        return other

    def keep_bilm_files(self) -> None:
        """
        Copies the biLM's files into the run's folder, unless they are there already or there is no folder (any more);
        see `BiLMSource`.

        Nobody need call it: before a state dict is made, that is at a run's first checkpoint, the hook does.
        """
        if isinstance(self._source, BiLMSource):
            self._source.keep()
        elif self._source is not None:
            assert isinstance(self.bilm, Transformer)
            self._source.keep(self.bilm)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Takes what the stock embedder saved too: its mix and its biLM; a frozen one must be the one that is here."""
        stocks_bilm = f"{prefix}_elmo._elmo_lstm."
        if any(key.startswith(stocks_bilm) for key in state_dict):
            weights = pop_allennlp(state_dict, stocks_bilm, error_msgs)
            if self.frozen is None:
                state_dict.update({f"{prefix}_bilm.{name}": weight for name, weight in weights.items()})
            elif weights and not (isinstance(self.bilm, BiLM) and self.bilm.has_weights(weights)):
                error_msgs.append(_ANOTHER_BILM.format(prefix.removesuffix(".")))
        stocks_mix = f"{prefix}_elmo.scalar_mix_0."
        for key in [key for key in state_dict if key.startswith(stocks_mix)]:
            state_dict[f"{prefix}_scalar_mix.{key.removeprefix(stocks_mix)}"] = state_dict.pop(key)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


def as_sentences(ids: Tensor) -> Tensor:
    """One sentence after another: shape `(batch, ..., tokens, 50)` to `(batch * ..., tokens, 50)`."""
    return ids if ids.dim() <= 3 else ids.flatten(end_dim=-3)


def _described(ids_name: str) -> str:
    """What an indexer's tensor is, for errors."""
    if ids_name == BiLM.ids_name:
        return f"character ids ({ids_name})"
    return f"the ids of another transformer ({ids_name})" if ids_name.startswith("elmo_pieces_") else ids_name


def keep_bilm_files_with_weights(embedder: nn.Module, prefix: str, keep_vars: bool) -> None:
    """
    A state dict pre-hook of each `ElmoTokenEmbedder`: whoever writes the model's weights keeps its biLM's files too.

    No earlier moment serves all: AllenNLP makes the folder `vocabulary` after the model, archives without asking the
    model, and has trainers without callbacks (`"no_op"`).
    """
    assert isinstance(embedder, ElmoTokenEmbedder)
    embedder.keep_bilm_files()
