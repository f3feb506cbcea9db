"""The task's own mixture of the biLM's layers (Peters et al. 2018, equation 1)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from elmo_tasks.bilm.padding import zero_padding
from elmo_tasks.checks import check_number

LAYER_NORMS = ("none", "token", "stock")

_LARGEST = 1e30
"""Within float32."""


class ScalarMixError(ValueError):
    """A mix was asked for that there is not, or was given layers that it cannot mix."""


class ScalarMix(nn.Module):
    """
    `gamma * sum_j s_j * layer_j` with `s = softmax(scalar_parameters)` (Peters et al. 2018, equation 1).

    The parameters are called `scalar_parameters.0`, `scalar_parameters.1`, ... and `gamma`, as in stock AllenNLP: a
    regularizer with the regex `scalar_parameters` finds them, and what stock's `ScalarMix` saved can be loaded.

    # Parameters

    num_layers : `int`
        Layers to mix, the token layer counted.
    layers : `str` or `int`
        `"all"`; or one fixed layer, counted from the token layer, 0, or called `"last"`. A fixed layer has no
        `scalar_parameters`, and still a `gamma`: the paper's supplement A.2 says that "last only" needs it.
    layer_norm : `str`
        `"none"`; `"token"`, each token's vector in each layer by itself; or `"stock"`, each layer by its mean and
        variance over all tokens of the batch, as AllenNLP and bilm-tf do, so that a sentence's result changes with
        its batch mates.
    initial_scalar_parameters : `Sequence[float]`, optional
        One a layer, before the softmax. Zeros (equal weights) by default.
    trainable : `bool`
        Whether the weights and gamma are trained.
    gamma : `float`
        Where gamma starts.

    # Raises

    `ScalarMixError`
        If a value is none of the above or the number of weights is not that of the layers.
    """

    def __init__(
        self,
        num_layers: int,
        layers: str | int = "all",
        layer_norm: str = "none",
        initial_scalar_parameters: Sequence[float] | None = None,
        trainable: bool = True,
        gamma: float = 1.0,
    ) -> None:
        super().__init__()
        if layer_norm not in LAYER_NORMS:
            raise ScalarMixError(f'layer_norm is "{layer_norm}"; it must be one of {", ".join(LAYER_NORMS)}.')
        check_number(ScalarMixError, -_LARGEST, _LARGEST, gamma=gamma)
        self.num_layers = num_layers
        self.layer_norm = layer_norm
        self.fixed_layer = _fixed_layer(layers, num_layers)
        if self.fixed_layer is None:
            initial = [0.0] * num_layers if initial_scalar_parameters is None else _numbers(initial_scalar_parameters)
            if len(initial) != num_layers:
                raise ScalarMixError(f"There are {len(initial)} scalar parameters for the biLM's {num_layers} layers.")
        elif initial_scalar_parameters is None:
            initial = []
        else:
            raise ScalarMixError(f'layers is "{layers}", one fixed layer: it has no scalar parameters to set.')
        self.scalar_parameters = nn.ParameterList(
            nn.Parameter(torch.tensor([value]), requires_grad=trainable) for value in initial
        )
        self.gamma = nn.Parameter(torch.tensor([float(gamma)]), requires_grad=trainable)

    def normalized_weights(self) -> Tensor:
        """The layers' weights `s_j`, which sum to 1; gamma is not in them. Shape `(num_layers,)`."""
        if self.fixed_layer is not None:
            return F.one_hot(torch.tensor(self.fixed_layer, device=self.gamma.device), self.num_layers).to(self.gamma)
        return torch.cat(list(self.scalar_parameters)).softmax(dim=0)

    def forward(self, layers: Tensor, mask: Tensor | None = None, with_gamma: bool = True) -> Tensor:
        """
        # Parameters

        layers : `Tensor`
            Shape `(batch, num_layers, tokens, dim)`.
        mask : `Tensor`, optional
            True where there is a token, shape `(batch, tokens)`. Layer norms need it, and take what stands elsewhere
            in `layers` for zeros. Without a norm there must be zeros, as a biLM gives: a copy with zeros in it would be
            kept for the backward pass, 12 kB a token of the original biLM, by each place of use.
        with_gamma : `bool`
            Without it, the result is as long as gamma = 1 makes it.

        # Returns

        `Tensor`
            Shape `(batch, tokens, dim)`, in gamma's type. Zeros in `layers` stay zeros: so with a layer norm do
            the positions without a token.
        """
        if layers.shape[1] != self.num_layers:
            raise ScalarMixError(f"There are {layers.shape[1]} layers for a mix of {self.num_layers}.")
        # Shape: (batch, layers used, tokens, dim)
        used = layers if self.fixed_layer is None else layers[:, self.fixed_layer : self.fixed_layer + 1]
        used = self._normalize(used, mask).to(self.gamma.dtype)
        gamma = self.gamma if with_gamma else torch.ones_like(self.gamma)
        if self.fixed_layer is not None:
            return gamma * used.squeeze(1)
        # One product reads the layers once, and three times as fast as a sum of scaled layers.
        # Shape: (batch, 1, layers)
        weights = (gamma * self.normalized_weights()).expand(len(used), 1, -1)
        # Shape: (batch, tokens, dim)
        return (weights @ used.flatten(2)).view(len(used), *used.shape[2:])

    def _normalize(self, layers: Tensor, mask: Tensor | None) -> Tensor:
        """Shape `(batch, layers used, tokens, dim)` in and out."""
        if self.layer_norm == "none":
            return layers
        if mask is None:
            raise ScalarMixError(f'layer_norm "{self.layer_norm}" needs the mask.')
        layers = zero_padding(layers, mask[:, None])
        # Shape: (batch, 1, tokens, 1)
        mask = mask[:, None, :, None]
        if self.layer_norm == "token":
            return F.layer_norm(layers, layers.shape[-1:]) * mask
        number = mask.sum().clamp(min=1) * layers.shape[-1]
        # Each of shape: (1, layers used, 1, 1)
        mean = (layers * mask).sum(dim=(0, 2, 3), keepdim=True) / number
        variance = ((layers - mean) * mask).square().sum(dim=(0, 2, 3), keepdim=True) / number
        return (layers - mean) * mask / (variance + _tiny(variance.dtype)).sqrt()


def _tiny(dtype: torch.dtype) -> float:
    """What stock AllenNLP adds to a variance, so that none is 0."""
    return 1e-4 if dtype == torch.float16 else 1e-13


def _numbers(given: Any) -> list[float]:
    """The layers' scalar parameters, if these are numbers within float32."""
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise ScalarMixError(f"The scalar parameters are {given!r:.100}; they must be a list of numbers.")
    values = list(given)
    for number, value in enumerate(values):
        check_number(ScalarMixError, -_LARGEST, _LARGEST, **{f"scalar parameter {number}": value})
    return [float(value) for value in values]


def _fixed_layer(layers: str | int, num_layers: int) -> int | None:
    if layers == "all":
        return None
    if layers == "last":
        return num_layers - 1
    if isinstance(layers, int) and not isinstance(layers, bool) and 0 <= layers < num_layers:
        return layers
    raise ScalarMixError(f'layers is "{layers}"; it must be "all", "last" or a layer in 0..{num_layers - 1}.')
