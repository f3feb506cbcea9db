"""How an embedder runs its biLM: trained with the task, or frozen and shared."""

from dataclasses import dataclass

from allennlp.common.checks import ConfigurationError

from elmo_tasks.bilm.boundaries import BoundaryBiLM
from elmo_tasks.bilm.layers import LayerSource
from elmo_tasks.bilm.model import BiLM
from elmo_tasks.bilm.precision import DTYPES, PrecisionError
from elmo_tasks.bilm.pretrained import BiLMFiles
from elmo_tasks.embedders.cache_settings import CacheSettings
from elmo_tasks.embedders.frozen import FrozenBiLM, share_content, share_files, share_object


@dataclass(frozen=True)
class Running:
    """
    What an embedder's parameters say about running its biLM; see `ElmoTokenEmbedder`.

    A trained biLM is a `BiLM`, a module whose weights are the model's. A frozen one is a `FrozenBiLM`, which is no
    module, and which all embedders of the process with the same files, or the same object, share.

    # Parameters

    requires_grad : `bool`
        Whether it is trained. The others but `with_boundaries` are for a frozen biLM.
    stateful : `bool`
    dtype : `str`
    cache : `CacheSettings`, optional
    with_boundaries : `bool`
        Whether the sentence boundaries' layers are needed too, for the layer norm `"stock"`.

    # Raises

    `ConfigurationError`
        If parameters contradict each other.
    """

    requires_grad: bool = False
    stateful: bool = False
    dtype: str = "float32"
    cache: CacheSettings | None = None
    with_boundaries: bool = False

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ConfigurationError(f'dtype is "{self.dtype}"; it must be one of {", ".join(DTYPES)}.')
        if self.requires_grad and self.dtype != "float32":
            raise ConfigurationError(f'dtype "{self.dtype}" is for a frozen biLM, and requires_grad is true.')
        if self.cache is not None and self.requires_grad:
            raise ConfigurationError("cache keeps the layers of a frozen biLM, and requires_grad is true.")
        if self.cache is not None and self.stateful:
            raise ConfigurationError(
                "cache keeps a sentence's layers, and stateful is true: they are others each time. Use one of the two."
            )

    def read(self, files: BiLMFiles) -> BiLM | FrozenBiLM:
        """The biLM in two files."""
        kind = BoundaryBiLM if self.with_boundaries else BiLM
        if self.requires_grad:
            return kind.from_files(*files, stateful=self.stateful, requires_grad=True)
        return share_files(files, self.stateful, kind, DTYPES[self.dtype], self.cache)

    def take_new(self, source: LayerSource) -> LayerSource | FrozenBiLM:
        """
        One that was just read, and that nobody else has.

        # Raises

        `ConfigurationError`
            If it is not of the kind that the parameters ask for.
        """
        try:
            source = source.to_precision(DTYPES[self.dtype])
        except PrecisionError as error:
            raise ConfigurationError(f'dtype is "{self.dtype}". {error}') from error
        self._check(source)
        return source.requires_grad_(True) if self.requires_grad else share_content(source, self.cache)

    def take(self, bilm: LayerSource) -> LayerSource | FrozenBiLM:
        """
        A biLM, or a transformer, that is there already; it is frozen here, unless it is to be trained.

        # Raises

        `ConfigurationError`
            If it is not of the kind that the parameters ask for.
        """
        self._check(bilm)
        return bilm.requires_grad_(True) if self.requires_grad else share_object(bilm, self.cache)

    def _check(self, bilm: LayerSource) -> None:
        kind = type(bilm).__name__
        if self.cache is not None and bilm.stateful:
            raise ConfigurationError(f"cache keeps a sentence's layers, and the given {kind} is stateful.")
        if self.dtype != "float32" and bilm.dtype != DTYPES[self.dtype]:
            raise ConfigurationError(
                f"dtype is {self.dtype}, but the given {kind} is in {bilm.dtype}: "
                f"convert it, `bilm.to_precision(torch.{self.dtype})`."
            )
        if self.stateful and not bilm.stateful:
            raise ConfigurationError(f"stateful is true, but the given {kind} is stateless.")
        if self.with_boundaries and not isinstance(bilm, BoundaryBiLM):
            raise ConfigurationError(
                f'layer_norm "stock" needs a BoundaryBiLM, which gives the boundaries\' layers, not a {kind}.'
            )
