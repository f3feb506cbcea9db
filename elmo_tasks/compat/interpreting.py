"""
AllenNLP Interpret: Hotflip, saliency and input reduction.

What it mends: AllenNLP 2.10.1's Hotflip knows three token indexers only, "simple-gradient" weighs all tokens by the
first one's vector, and "input-reduction" takes tokens away whatever is counted in them.
How one sees it: `Unsupported token indexer`; saliencies that say nothing of their words; and reductions that are wrong,
or end in `'ListField' object has no attribute 'labels'`.
Until when: as long as AllenNLP is used.
"""

from typing import Any

import numpy as np
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import TextFieldTensors, Token
from allennlp.interpret.attackers import Hotflip, InputReduction
from allennlp.interpret.saliency_interpreters import SaliencyInterpreter
from allennlp.nn.util import move_to_device
from torch import Tensor

from elmo_tasks.compat.replacing import replacement, stock_of


def apply() -> None:
    """Applies all of it."""
    flip_words_with_any_indexer()
    weigh_each_token_by_its_own_vector()
    take_no_tokens_away_that_are_counted()


def flip_words_with_any_indexer() -> None:
    """
    Has AllenNLP Interpret's Hotflip ask any token indexer what it makes of a word.

    What broke: `Unsupported token indexer` where a reader has another one than the three that Hotflip knows, such as
    "elmo_character_ids".
    With which version: any.
    When it can go: not while AllenNLP is used.
    """

    def make_embedder_input(self: Hotflip, all_tokens: list[str]) -> TextFieldTensors:
        tokens, inputs = [Token(token) for token in all_tokens], {}
        for name, indexer in self.predictor._dataset_reader._token_indexers.items():  # type: ignore[attr-defined]
            indexed = indexer.tokens_to_indices(tokens, self.vocab)
            tensors = indexer.as_padded_tensor_dict(indexed, indexer.get_padding_lengths(indexed))
            inputs[name] = {key: tensor.unsqueeze(0) for key, tensor in tensors.items()}
        return move_to_device(inputs, self.cuda_device)

    Hotflip._make_embedder_input = make_embedder_input  # type: ignore[assignment, method-assign]


def weigh_each_token_by_its_own_vector() -> None:
    """
    Has AllenNLP Interpret's "simple-gradient" multiply each token's gradient with that token's vector.

    What broke: the vectors lose the batch's dimension on the way, so all gradients are multiplied with the first
    token's vector. Of the other two methods one is not touched by it, and one uses no vectors.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    aggregate = stock_of(SaliencyInterpreter._aggregate_token_embeddings)

    def with_batch(embeddings: list[Tensor], offsets: list[Tensor]) -> list[np.ndarray]:
        if offsets:
            return aggregate(embeddings, offsets)
        # Each of shape: (1, tokens, dim)
        return [vectors.detach().cpu().numpy().reshape(1, *vectors.shape[-2:]) for vectors in embeddings]

    SaliencyInterpreter._aggregate_token_embeddings = staticmethod(replacement(with_batch, aggregate))  # type: ignore[method-assign]


def take_no_tokens_away_that_are_counted() -> None:
    """
    Has AllenNLP Interpret's "input-reduction" refuse inputs in which something is counted in tokens, by the predictor's
    `counted_in_tokens` and `counted_in_field`.

    What broke: the places of entities and predicates stay as they were while tokens before them go; so does an answer
    in a passage, until it lies behind the last token, `IndexError: Target 7 is out of bounds`.
    With which version: any.
    When it can go: not while AllenNLP is used.
    """
    attack = stock_of(InputReduction.attack_from_json)

    def attack_from_json(
        self: InputReduction, inputs: JsonDict, input_field_to_attack: str = "tokens", *more: Any, **named: Any
    ) -> JsonDict:
        counted = getattr(self.predictor, "counted_in_tokens", None)
        if counted and getattr(self.predictor, "counted_in_field", None) in (None, input_field_to_attack):
            raise ConfigurationError(
                f"{counted} are counted in tokens, and input-reduction takes tokens away: ask for saliency, such as "
                "simple-gradient."
            )
        return attack(self, inputs, input_field_to_attack, *more, **named)

    InputReduction.attack_from_json = replacement(attack_from_json, attack)  # type: ignore[method-assign]
