"""The class that PyTorch models with ELMo have inside."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from elmo_tasks.bilm.allennlp_weights import pop_allennlp, to_allennlp
from elmo_tasks.bilm.boundaries import BoundaryBiLM, tokens_of, without_boundaries
from elmo_tasks.bilm.characters import join_rows, word_row
from elmo_tasks.bilm.layers import BiLMOutput, LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.pretrained import find_bilm
from elmo_tasks.bilm.scalar_mix import ScalarMix
from elmo_tasks.checks import check_count, check_flag, check_number

_KEPT_WORDS = 50_000
"""Whose token vectors a frozen biLM keeps; 109 MB for the published biLMs."""


class ElmoError(ValueError):
    """`Elmo` was given what it cannot embed."""


class Elmo(nn.Module):
    """
    A biLM and mixes of its layers (Peters et al. 2018, equation 1) as a torch module.

    It has the parameters, the output and the names in the state dict of AllenNLP's `allennlp.modules.elmo.Elmo`, so a
    script needs another import only, `from elmo_tasks import Elmo, batch_to_ids`, and checkpoints of models with the
    one load into models with the other. Different from it, a sentence's vectors depend on that sentence alone, unless
    `stateful`; and AllenNLP is not needed.

    The biLM is an ordinary submodule: its weights, frozen or not, are among the parameters and in the state dict. Those
    of a `BiLM` of dtype int8, given as the module, have names of their own there, which AllenNLP does not know.
    AllenNLP's token embedder `elmo` keeps a frozen one out of both.

    # Parameters

    options_file, weight_file : `str` or `Path`, optional
        The biLM's files: paths, or URLs, which are downloaded on first use.
    num_output_representations : `int`
        How many mixes of the layers there are, each with weights of its own. The biLM runs once for all.
    requires_grad : `bool`
        Whether the biLM is trained too.
    do_layer_norm : `bool`
        Whether each layer is normalised by its mean and variance over all tokens of the batch, sentence boundaries
        counted in, before it is mixed. A sentence's vectors depend on its batch mates then.
    dropout : `float`
        Probability of a zero in the mixed vectors, while training.
    vocab_to_cache : `Sequence[str]`, optional
        The words that `word_inputs` counts, number 0 being no token. A frozen biLM computes their token vectors at
        once, and keeps them.
    keep_sentence_boundaries : `bool`
        Whether the vectors of `<S>` and `</S>` stay in the output.
    scalar_mix_parameters : `Sequence[float]`, optional
        The mixes' weights before the softmax, one a layer, which are not trained then, nor is gamma.
    module : `nn.Module`, optional
        Instead of the files: a `BiLM` (a `BoundaryBiLM` where boundaries or the layer norm are asked for), a
        `Transformer`, whose `ids` are then the inputs, or as in AllenNLP a module with `num_layers` and
        `get_output_dim`, whose forward takes `(inputs, word_inputs)` and returns `{"activations": [a tensor a layer],
        "mask": ...}` with the boundaries. `requires_grad` is then not used.
    bilm : `str` or `Path`, optional
        Instead of the files: a name such as `"mini"`, the small biLM in this package, or a folder, see `find_bilm`.
    stateful : `bool`
        Whether the LSTMs' states are carried from batch to batch, as AllenNLP's class does.

    # Raises

    `ElmoError`
        If both a module and files are given, or a value has not its type and range.
    `PretrainedError`
        Unless exactly one biLM is given, and can be had.
    `ScalarMixError`
        If the number of weights is not that of the layers.
    """

    _elmo_lstm: Any
    _word_ids: Tensor | None

    def __init__(
        self,
        options_file: str | Path | None = None,
        weight_file: str | Path | None = None,
        num_output_representations: int = 1,
        requires_grad: bool = False,
        do_layer_norm: bool = False,
        dropout: float = 0.5,
        vocab_to_cache: Sequence[str] | None = None,
        keep_sentence_boundaries: bool = False,
        scalar_mix_parameters: Sequence[float] | None = None,
        module: nn.Module | None = None,
        bilm: str | Path | None = None,
        stateful: bool = False,
    ) -> None:
        super().__init__()
        check_count(ElmoError, least=0, num_output_representations=num_output_representations)
        check_flag(
            ElmoError,
            requires_grad=requires_grad,
            do_layer_norm=do_layer_norm,
            keep_sentence_boundaries=keep_sentence_boundaries,
            stateful=stateful,
        )
        check_number(ElmoError, 0, 1, dropout=dropout)
        with_boundaries = do_layer_norm or keep_sentence_boundaries
        if module is None:
            kind = BoundaryBiLM if with_boundaries else BiLM
            files = find_bilm(bilm, options_file, weight_file)
            module = kind.from_files(*files, stateful=stateful, requires_grad=requires_grad)
        elif any(given is not None for given in (bilm, options_file, weight_file)):
            raise ElmoError("Give a biLM's files, or a module, but not both.")
        elif isinstance(module, LayerSource) and with_boundaries and not isinstance(module, BoundaryBiLM):
            raise ElmoError("keep_sentence_boundaries and do_layer_norm need a BoundaryBiLM as the module.")
        self._elmo_lstm = module
        has_none = isinstance(module, LayerSource) and not isinstance(module, BoundaryBiLM)
        self._removes_boundaries = not (keep_sentence_boundaries or has_none)
        self.register_buffer("_word_ids", None if vocab_to_cache is None else _ids_of(vocab_to_cache), persistent=False)
        if isinstance(module, LayerSource):
            words = list(vocab_to_cache or ())
            is_trained = any(weight.requires_grad for weight in module.parameters())
            module.keep_words(max(_KEPT_WORDS, len(words)), () if is_trained else filter(None, words))
        self._dropout = nn.Dropout(dropout)
        self._num_mixes = num_output_representations
        for number in range(num_output_representations):
            mix = ScalarMix(
                self._elmo_lstm.num_layers,
                layer_norm="stock" if do_layer_norm else "none",
                initial_scalar_parameters=scalar_mix_parameters,
                trainable=scalar_mix_parameters is None,
            )
            self.add_module(f"scalar_mix_{number}", mix)
        self.register_state_dict_post_hook(_rename_for_allennlp)

    @property
    def bilm(self) -> Any:
        """The biLM, or the module that was given instead."""
        return self._elmo_lstm

    @property
    def _is_allennlps(self) -> bool:
        """Whether the biLM's weights have names in AllenNLP, which has none for numbers of 8 bits."""
        return isinstance(self._elmo_lstm, BiLM) and self._elmo_lstm.dtype != torch.int8

    @property
    def scalar_mixes(self) -> list[ScalarMix]:
        """The mixes, in the order of the output."""
        mixes: list[Any] = [getattr(self, f"scalar_mix_{number}") for number in range(self._num_mixes)]
        return mixes

    def get_output_dim(self) -> int:
        """Length of a token's vector."""
        module = self._elmo_lstm
        return module.output_dim if isinstance(module, LayerSource) else module.get_output_dim()

    def forward(self, inputs: Tensor, word_inputs: Tensor | None = None) -> dict[str, Any]:
        """
        # Parameters

        inputs : `Tensor`
            Character ids, as from `batch_to_ids`. Shape `(batch, ..., tokens, 50)`.
        word_inputs : `Tensor`, optional
            The words' numbers in `vocab_to_cache`, which then say which words they are; if one is out of range,
            `inputs` does. Shape `(batch, ..., tokens)`.

        # Returns

        `dict[str, Any]`
            `"elmo_representations"`: a list with each mix's vectors, shape `(batch, ..., tokens, dim)`, zeros where
            there is no token. `"mask"`: True where there is one, shape `(batch, ..., tokens)`. With
            `keep_sentence_boundaries` there are two tokens more.

        # Raises

        `ElmoError`
            If there are `word_inputs` without a `vocab_to_cache`.
        `CharacterIdsError`
            If the shape or the ids are wrong.
        """
        if word_inputs is not None and self._word_ids is None:
            raise ElmoError("There are word_inputs, but no vocab_to_cache that says which words they are.")
        output = self._layers(inputs, word_inputs)
        mask = tokens_of(output.mask) if self._removes_boundaries else output.mask
        # The sizes in front of the tokens.
        sizes = inputs.shape[:-2] if word_inputs is None else word_inputs.shape[:-1]
        representations = []
        for mix in self.scalar_mixes:
            # Shape: (sentences, tokens, dim)
            vectors = mix(output.layers, output.mask)
            if self._removes_boundaries:
                vectors = without_boundaries(vectors, output.mask)
            representations.append(self._dropout(vectors).view(*sizes, *vectors.shape[1:]))
        return {"elmo_representations": representations, "mask": mask.view(*sizes, mask.shape[1])}

    def _layers(self, inputs: Tensor, word_inputs: Tensor | None) -> BiLMOutput:
        """Of all sentences, one after another: shape `(sentences, num_layers, tokens, dim)`."""
        if inputs.dim() > 3:
            inputs = inputs.flatten(end_dim=-3)
        if word_inputs is not None and word_inputs.dim() > 2:
            word_inputs = word_inputs.flatten(end_dim=-2)
        if not isinstance(self._elmo_lstm, LayerSource):
            output = self._elmo_lstm(inputs, word_inputs)
            return BiLMOutput(torch.stack(output["activations"], dim=1), output["mask"])
        if word_inputs is not None and self._word_ids is not None and (word_inputs < len(self._word_ids)).all():
            inputs = self._word_ids[word_inputs]
        return self._elmo_lstm(inputs)

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
        """Gives the biLM's weights the names that they have here."""
        bilm = f"{prefix}_elmo_lstm."
        if self._is_allennlps:
            weights = pop_allennlp(state_dict, bilm, error_msgs)
            state_dict.update({bilm + name: weight for name, weight in weights.items()})
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


def _ids_of(words: Sequence[str]) -> Tensor:
    """The character ids of a vocabulary, whose first entry is no token. Shape `(words, 50)`."""
    ids = torch.from_numpy(join_rows([word_row(word, of_vocabulary=True) for word in words]))
    ids[:1] = 0
    return ids


def _rename_for_allennlp(elmo: Elmo, state_dict: dict[str, Any], prefix: str, metadata: dict[str, Any]) -> None:
    """A state dict post-hook of `Elmo`: gives the biLM's weights the names that they have in AllenNLP."""
    bilm = f"{prefix}_elmo_lstm."
    if elmo._is_allennlps:
        weights = {key.removeprefix(bilm): state_dict.pop(key) for key in list(state_dict) if key.startswith(bilm)}
        state_dict.update({bilm + name: weight for name, weight in to_allennlp(weights).items()})
