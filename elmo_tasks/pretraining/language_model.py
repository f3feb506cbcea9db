"""The bidirectional language model in training (Peters et al. 2018, section 3.1)."""

import math
import time
from typing import Any, Optional

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary
from allennlp.models import Model
from allennlp.nn import InitializerApplicator
from allennlp.nn.util import dist_reduce_sum
from overrides import overrides
from torch import Tensor
from torch.nn import functional as F

from elmo_tasks.bilm import BiLM, BiLMOptions
from elmo_tasks.bilm.lstm import BACKWARD, FORWARD, LstmState
from elmo_tasks.bilm.precision import DTYPES
from elmo_tasks.bilm.weights import check_weights, read_weights
from elmo_tasks.checks import check_count
from elmo_tasks.pretraining.corpus import NAMESPACE
from elmo_tasks.pretraining.memory import keep_freed_memory
from elmo_tasks.pretraining.softmax import Softmax

_TRAINING_DTYPES = ("float32", "bfloat16")
"""Not float16: small gradients would vanish."""


@Model.register("elmo_language_model")
class LanguageModel(Model):
    """
    A biLM with a softmax over words: each direction predicts the next word it would meet. The LSTM's states are carried
    from batch to batch, each row of the batch being one stream of text.

    # Parameters

    vocab : `Vocabulary`
        Its namespace `"words"` holds the words to predict, the most frequent first.
    options : `dict[str, Any]`
        The biLM's shape, as in options.json.
    dropout : `float`
        Probability of a zero in the LSTM layers' inputs and in the last layer's output.
    num_samples : `int`
        Words each batch is scored against while training; 0 for all.
    loss_scale : `float`
        Factor on the loss. bilm-tf multiplies by its 20 steps, which matters to Adagrad and to gradient clipping.
    initializer : `InitializerApplicator`, optional
        Such as `[[".*", {"type": "pretrained", "weights_file_path": "runs/mini/best.th"}]]`, to go on from a run.
    pretrained_file : `str`, optional
        A weights.hdf5 that the biLM begins with; published ones have no softmax. AllenNLP does not look for it when it
        loads an archive.
    dtype : `str`
        Of the matrix products of a training step, forward and backward: `"float32"`, or `"bfloat16"`, twice as fast
        where the processor has units for it. Weights, gradients, cells and sums stay in float32, and so does
        evaluation.
    sparse_gradients : `bool`
        Whether the gradient of the softmax's matrix has the rows of the batch's words alone, for an optimizer that
        takes sparse gradients, such as "elmo_adam" with `rows`, "adagrad" or "sgd". With 175,000 words and a batch of
        2,560 tokens that is a fifth of a step. In a distributed training it is dense all the same.

    # Raises

    `ConfigurationError`
        If `dtype` is neither, `num_samples` no whole number from 0, or the vocabulary has no words to predict.
    `WeightsError`
        If the weight file is not one, or not of this shape.

    Registered as a `Model` with name "elmo_language_model".
    """

    def __init__(
        self,
        vocab: Vocabulary,
        options: dict[str, Any],
        dropout: float = 0.1,
        num_samples: int = 8192,
        loss_scale: float = 1.0,
        initializer: Optional[InitializerApplicator] = None,
        pretrained_file: str | None = None,
        dtype: str = "float32",
        sparse_gradients: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(vocab, **kwargs)
        if dtype not in _TRAINING_DTYPES:
            raise ConfigurationError(f'dtype is "{dtype}"; it must be one of {", ".join(_TRAINING_DTYPES)}.')
        check_count(ConfigurationError, least=0, num_samples=num_samples)
        self.bilm = BiLM(BiLMOptions.from_dict(options))
        if pretrained_file is not None:
            check_weights(self.bilm.options, pretrained_file)
            read_weights(self.bilm.char_cnn, self.bilm.lstm, pretrained_file)
        # Id 0 is padding, which is never predicted.
        num_words, dim = vocab.get_vocab_size(NAMESPACE) - 1, self.bilm.options.projection_dim
        if num_words < 2:
            raise ConfigurationError(
                f'The vocabulary has no words in the namespace "{NAMESPACE}", so there is nothing to predict: make it '
                'by {"type": "elmo_corpus", "paths": ...}, without another "namespace", and with a "min_count" that '
                "words reach."
            )
        self.softmax = Softmax(num_words, dim, num_samples, sparse_gradients)
        self.dropout, self.dtype, self._loss_scale = dropout, dtype, loss_scale
        # One set of states for training and one for evaluation, so that validation does not break training's streams.
        self._states: dict[bool, list[LstmState]] = {}
        self._reset_metrics()
        if initializer is not None:
            initializer(self)

    @overrides(check_signature=False)
    def forward(self, characters: Tensor, inputs: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """
        # Parameters

        characters : `Tensor`
            The batch's distinct words. Shape `(distinct words, 50)`.
        inputs : `Tensor`
            For each token the row of `characters`; forward, then backward. Shape `(2, batch, window)`.
        targets : `Tensor`
            The vocabulary id minus 1 of the word to predict, -1 for none. Shape `(2, batch, window)`.

        # Returns

        `dict[str, Tensor]`
            `loss`: nats a token, the mean of both directions, times `loss_scale`.
        """
        _, batch, window = inputs.shape
        dtype = DTYPES[self.dtype] if self.training else None
        # Shape: (distinct words, projection_dim)
        vectors = self.bilm.char_cnn(characters, dtype)
        # Shape: (2, window * batch, projection_dim), packed: all first tokens, then all second ones, ...
        tokens = F.embedding(inputs.transpose(1, 2).flatten(1), vectors)
        targets = targets.transpose(1, 2).flatten(1)
        dropout = self.dropout if self.training else 0.0
        layers, states = self.bilm.lstm(tokens, [batch] * window, self._carried_states(batch), dropout, dtype)
        self._states[self.training] = [LstmState(*(part.detach() for part in state)) for state in states]
        # Shape: (2,)
        losses = self.softmax(F.dropout(layers[-1], self.dropout, self.training), targets, dtype)
        number = (targets[FORWARD] >= 0).sum()
        self._count(losses.detach(), number, (targets == 0).sum())
        return {"loss": losses.sum() / (2 * number.clamp(min=1)) * self._loss_scale}

    @overrides(check_signature=False)
    def train(self, mode: bool = True) -> "LanguageModel":
        """As ever; and the process keeps the memory that a training's steps free."""
        if mode:
            keep_freed_memory()
        super().train(mode)
        return self

    def reset_states(self) -> None:
        """Begins the text anew."""
        self._states.clear()

    def training_state(self) -> dict[str, Tensor]:
        """The states that training's streams have reached, for a checkpoint: a resumed training goes on with them."""
        states = self._states.get(True, [])
        return {f"{name}.{layer}": part for layer, state in enumerate(states) for name, part in state._asdict().items()}

    def load_training_state(self, state: dict[str, Tensor]) -> None:
        """Takes what `training_state` gave."""
        device = self.softmax.bias.device
        layers = range(len(state) // len(LstmState._fields))
        if layers:
            self._states[True] = [
                LstmState(*(state[f"{name}.{layer}"].to(device) for name in LstmState._fields)) for layer in layers
            ]

    def _carried_states(self, batch: int) -> list[LstmState]:
        states = self._states.get(self.training)
        if states is None or states[0].hidden.shape[1] != batch or states[0].hidden.device != self.softmax.bias.device:
            return self.bilm.lstm.initial_states(batch)
        return states

    def _reset_metrics(self) -> None:
        self._losses = torch.zeros(2, dtype=torch.double)
        self._tokens = self._unknown = 0
        self._since = time.perf_counter()

    def _count(self, losses: Tensor, tokens: Tensor, unknown: Tensor) -> None:
        self._losses += losses.double().cpu()
        self._tokens += int(tokens)
        self._unknown += int(unknown)

    @overrides
    def get_metrics(self, reset: bool = False) -> dict[str, float]:
        """
        `perplexity` is the average of `forward_perplexity` and `backward_perplexity`: exact in evaluation, estimated
        from the sample in training. `unknown` is the share of tokens outside
        the vocabulary, `tokens_per_second` the speed since the last reset.
        """
        forward, backward = (dist_reduce_sum(float(loss)) for loss in self._losses)
        tokens = dist_reduce_sum(self._tokens)
        unknown = dist_reduce_sum(self._unknown)
        seconds = time.perf_counter() - self._since
        perplexities = [math.exp(min(loss / max(tokens, 1), 50.0)) for loss in (forward, backward)]
        if reset:
            self._reset_metrics()
            if not self.training:
                self._states.pop(False, None)
        return {
            "perplexity": sum(perplexities) / 2,
            "forward_perplexity": perplexities[FORWARD],
            "backward_perplexity": perplexities[BACKWARD],
            "unknown": unknown / max(2 * tokens, 1),
            "tokens_per_second": tokens / seconds,
        }
