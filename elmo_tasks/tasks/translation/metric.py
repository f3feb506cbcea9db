"""BLEU, by sacreBLEU's own counts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.training.metrics import Metric
from overrides import overrides

from elmo_tasks.checks import check_flag
from elmo_tasks.tasks.base.metric import over_all_workers

_ORDERS = range(1, 5)


@Metric.register("elmo_bleu")
class Bleu(Metric):
    """
    The corpus BLEU (Papineni et al. 2002) that sacreBLEU computes (Post 2018), of texts and one reference each: its
    tokenization, counts and formula, from 0 to 1 where sacreBLEU has 0 to 100. Counts add up over the workers of
    distributed training.

    Only scoring needs sacreBLEU, an optional package: a model that has this metric translates without it.

    # Parameters

    tokenize : `str`, optional (default = `"13a"`)
        sacreBLEU's name of how it splits texts into words: `"13a"` for text as people write it, `"none"` for text that
        is tokenized already, `"zh"`, `"char"`, `"intl"`. Figures of different ones cannot be compared.
    lowercase : `bool`, optional (default = `False`)
        Whether case does not count.

    # Raises

    `ConfigurationError`
        If sacreBLEU has no such tokenization, or does not find what that needs; where something is to be scored, if
        sacreBLEU is not installed.

    Registered as a `Metric` with name "elmo_bleu".
    """

    def __init__(self, tokenize: str = "13a", lowercase: bool = False) -> None:
        check_flag(ConfigurationError, lowercase=lowercase)
        self._sacrebleu = _sacrebleu(tokenize, lowercase)
        # Of n-grams that are right and of all, by length; and of words.
        self._counts: Counter[str] = Counter()

    @property
    def is_installed(self) -> bool:
        """Whether sacreBLEU is."""
        return self._sacrebleu is not None

    def check_installed(self) -> None:
        """Raises `ConfigurationError` if sacreBLEU is not installed."""
        if not self.is_installed:
            raise ConfigurationError(
                'sacreBLEU scores translations and is not installed: pip install "sacrebleu>=2.4", or the group '
                '"translation" of this package.'
            )

    @overrides(check_signature=False)
    def __call__(self, translations: Sequence[str], references: Sequence[str]) -> None:
        """
        # Parameters

        translations, references : `Sequence[str]`
            One text each, not split into tokens.
        """
        self.check_installed()
        counts: Counter[str] = Counter()
        for translation, reference in zip(translations, references, strict=True):
            score = self._sacrebleu.sentence_score(translation, [reference])
            counts["words"] += score.sys_len
            counts["reference words"] += score.ref_len
            for order, right, all_ in zip(_ORDERS, score.counts, score.totals, strict=True):
                counts[f"right {order}-grams"] += right
                counts[f"{order}-grams"] += all_
        self._counts += over_all_workers(counts)

    @overrides
    def get_metric(self, reset: bool = False) -> dict[str, float]:
        """`bleu`, from 0 to 1; 0 where nothing was scored."""
        self.check_installed()
        counts = self._counts
        score = self._sacrebleu.compute_bleu(
            correct=[counts[f"right {order}-grams"] for order in _ORDERS],
            total=[counts[f"{order}-grams"] for order in _ORDERS],
            sys_len=counts["words"],
            ref_len=counts["reference words"],
            # sacreBLEU's default for a corpus, here and there.
            smooth_method="exp",
        )
        if reset:
            self.reset()
        return {"bleu": score.score / 100}

    @overrides
    def reset(self) -> None:
        self._counts = Counter()


def _sacrebleu(tokenize: str, lowercase: bool) -> Any:
    """sacreBLEU's metric; None where it is not installed."""
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        return None
    if tokenize not in BLEU.TOKENIZERS:
        raise ConfigurationError(f'tokenize is "{tokenize}"; it must be one of {", ".join(BLEU.TOKENIZERS)}.')
    try:
        # Of single texts only the counts are taken; effective_order changes none and saves a warning for each.
        return BLEU(tokenize=tokenize, lowercase=lowercase, force=True, effective_order=True)
    except RuntimeError as error:
        raise ConfigurationError(f'tokenize "{tokenize}": {" ".join(str(error).split())}') from error
