"""SQuAD 1.1 as instances."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance, Vocabulary
from allennlp.data.dataset_readers import DatasetReader
from allennlp.data.dataset_readers.dataset_reader import PathOrStr
from allennlp.data.fields import Field, MetadataField, SpanField, TextField
from allennlp.data.token_indexers import TokenIndexer
from allennlp.data.tokenizers import Token, Tokenizer
from overrides import overrides

from elmo_tasks.checks import check_count, check_flag
from elmo_tasks.modules.tokenizer import SpacyRulesTokenizer
from elmo_tasks.tasks.base.reader import TextReader, warn_of
from elmo_tasks.tasks.squad.answers import TokenSpan, find_span
from elmo_tasks.tasks.squad.corpus import Answer, BadQuestion, Question, read_questions

LONG_PASSAGES = ("cut", "window")


class PassageField(TextField):
    """A passage, or a window of one. All questions about it share it, so it is indexed once, not once a question."""

    @overrides
    def index(self, vocab: Vocabulary) -> None:
        if self._indexed_tokens is None:
            super().index(vocab)


class _Window(NamedTuple):
    """A run of a passage's tokens."""

    start: int
    field: PassageField


class _Passage(NamedTuple):
    text: str
    offsets: list[tuple[int, int]]
    windows: list[_Window]


class _Trouble:
    """What could not be used of a file, named."""

    def __init__(self) -> None:
        self.questions = self.answers = 0
        self.bad: list[str] = []
        self.inexact: list[str] = []
        self.outside: list[str] = []
        self.unanswered: list[str] = []

    def report(self, file_path: PathOrStr) -> None:
        """Logs how many there are, and which."""
        seen = f"of {self.answers} answers"
        warn_of(f"{file_path}: skipped {len(self.bad)} bad questions", self.bad)
        warn_of(f"{file_path}: {len(self.inexact)} {seen} begin or end inside a token", self.inexact)
        warn_of(f"{file_path}: {len(self.outside)} {seen} are in no window of their passage", self.outside)
        warn_of(
            f"{file_path}: {len(self.unanswered)} of {self.questions} questions have no answer to train on",
            self.unanswered,
        )


@DatasetReader.register("elmo_squad")
class SquadReader(TextReader):
    """
    Questions, passages and answers from SQuAD 1.1's JSON (Rajpurkar et al. 2016), plain or compressed.

    An instance has the fields `question`, `passage`, `answer_span` and `metadata`. `answer_span` is the first answer
    that has tokens of its own, as its first and its last token, both counted in the instance's passage; it is (-1, -1)
    where there is none: then there is nothing to train on, but the question is still asked and its answers (strings,
    in the metadata) still scored. All such questions are counted and named in the log, and so is every answer that
    begins or ends inside a token.

    # Parameters

    token_indexers : `dict[str, TokenIndexer]`, optional (default = `{"tokens": SingleIdTokenIndexer()}`)
    tokenizer : `Tokenizer`, optional (default = `SpacyRulesTokenizer()`)
        One whose tokens know their places (`idx`), and that leaves out nothing but white space.
    max_passage_tokens : `int`, optional
        What to do with longer passages is said by `long_passages`.
    long_passages : `str`, optional (default = `"cut"`)
        `"cut"`: their first tokens are kept. `"window"`: they are read through overlapping windows, an instance each,
        and the metric takes the answer of the window with the best score.
    window_stride : `int`, optional (default = half of `max_passage_tokens`)
        Tokens from a window's start to the next one's.
    cover_inexact_answers : `bool`, optional (default = `False`)
        Whether an answer that begins or ends inside a token is trained on as the fewest tokens that cover it.
    answerable_only : `bool`, optional (default = `False`)
        Whether instances without an answer to train on are left out: right for training, wrong for scoring.
    skip_bad_questions : `bool`, optional (default = `False`)
        Whether a question that is not as it should be is skipped, counted and named instead of raised.
    max_paragraphs_per_article : `int`, optional
        Each article's first paragraphs and no more: a small corpus on many topics.
    kwargs : `Any`
        `max_instances`, see `TextReader`.

    # Raises

    `ConfigurationError`
        If the parameters do not fit together, or with the file, the question's id and what is wrong there.

    Registered as a `DatasetReader` with name "elmo_squad".
    """

    # AllenNLP builds an Optional[X] from a config, but passes an X | None on unbuilt.
    def __init__(
        self,
        token_indexers: Optional[dict[str, TokenIndexer]] = None,
        tokenizer: Optional[Tokenizer] = None,
        max_passage_tokens: int | None = None,
        long_passages: str = "cut",
        window_stride: int | None = None,
        cover_inexact_answers: bool = False,
        answerable_only: bool = False,
        skip_bad_questions: bool = False,
        max_paragraphs_per_article: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(token_indexers, **kwargs)
        check_flag(
            ConfigurationError,
            cover_inexact_answers=cover_inexact_answers,
            answerable_only=answerable_only,
            skip_bad_questions=skip_bad_questions,
        )
        check_count(
            ConfigurationError,
            optional=True,
            max_passage_tokens=max_passage_tokens,
            window_stride=window_stride,
            max_paragraphs_per_article=max_paragraphs_per_article,
        )
        _check(max_passage_tokens, long_passages, window_stride)
        self._tokenizer = tokenizer or SpacyRulesTokenizer()
        self._max_tokens = max_passage_tokens
        self._windowed = long_passages == "window"
        self._stride = window_stride or max((max_passage_tokens or 0) // 2, 1)
        self._cover_inexact = cover_inexact_answers
        self._answerable_only = answerable_only
        self._skip_bad = skip_bad_questions
        self._max_paragraphs = max_paragraphs_per_article

    @overrides
    def _read(self, file_path: PathOrStr) -> Iterable[Instance]:
        trouble = _Trouble()
        try:
            for question, passage in self._questions(file_path, trouble):
                yield from self._question_instances(
                    passage, question.text, question.answers, question.id, self._answerable_only, trouble
                )
        finally:
            # Also where `max_instances` ends the reading.
            trouble.report(file_path)

    def _questions(self, file_path: PathOrStr, trouble: _Trouble) -> Iterator[tuple[Question, _Passage]]:
        """The file's good questions, with their passages; a passage is tokenized once."""
        passage: _Passage | None = None
        for question in self.shard_iterable(read_questions(file_path, self._max_paragraphs)):
            if isinstance(question, BadQuestion):
                if not self._skip_bad:
                    raise question
                trouble.bad.append(str(question))
                continue
            if passage is None or passage.text != question.passage:
                passage = self._passage(question.passage)
            yield question, passage

    @overrides(check_signature=False)
    def text_to_instance(
        self, question: str, passage: str, answers: Sequence[Answer] | None = None, question_id: str | None = None
    ) -> Instance:
        """The first of `instances`: the only one unless the passage is long and `long_passages` is `"window"`."""
        return self.instances(question, passage, answers, question_id)[0]

    def instances(
        self, question: str, passage: str, answers: Sequence[Answer] | None = None, question_id: str | None = None
    ) -> list[Instance]:
        """
        # Parameters

        question, passage : `str`
        answers : `Sequence[Answer]`, optional
            None where they are to be predicted: then there is no `answer_span`.
        question_id : `str`, optional

        # Returns

        `list[Instance]`
            One a window of the passage.

        # Raises

        `ConfigurationError`
            If the question or the passage is empty.
        """
        for name, text in (("question", question), ("passage", passage)):
            if not text.strip():
                raise ConfigurationError(f"The {name} is empty.")
        return list(self._question_instances(self._passage(passage), question, answers, question_id))

    def instances_of(self, passage: str, questions: Iterable[tuple[str, str | None]]) -> Iterator[list[Instance]]:
        """The `instances` of each question, given with its id, about a passage, which is tokenized once."""
        tokenized = self._passage(passage)
        for question, question_id in questions:
            yield list(self._question_instances(tokenized, question, None, question_id))

    def _passage(self, text: str) -> _Passage:
        tokens = self._tokenizer.tokenize(text)
        windows = [_Window(start, PassageField(tokens[start:end])) for start, end in self._bounds(len(tokens))]
        return _Passage(text, [_place(token) for token in tokens], windows)

    def _bounds(self, length: int) -> list[tuple[int, int]]:
        """Each window's first token and the one behind its last."""
        if self._max_tokens is None or length <= self._max_tokens:
            return [(0, length)]
        # The last window is the first that reaches the end.
        last_start = length - self._max_tokens + self._stride - 1 if self._windowed else 0
        starts = range(0, last_start + 1, self._stride)
        return [(start, min(start + self._max_tokens, length)) for start in starts]

    def _question_instances(
        self,
        passage: _Passage,
        question: str,
        answers: Sequence[Answer] | None,
        question_id: str | None,
        answerable_only: bool = False,
        trouble: _Trouble | None = None,
    ) -> Iterator[Instance]:
        question_field = TextField(self._tokenizer.tokenize(question))
        spans = self._spans(passage, answers or (), question_id, trouble)
        answered = False
        for start, field in passage.windows:
            metadata: dict[str, Any] = {
                "id": question_id,
                "question": question,
                "passage": passage.text,
                "window_start": start,
                "offsets": passage.offsets[start : start + len(field.tokens)],
            }
            fields: dict[str, Field] = {
                "question": question_field,
                "passage": field,
                "metadata": MetadataField(metadata),
            }
            if answers is not None:
                metadata["answers"] = [answer.text for answer in answers]
                span = next((span for span in spans if _inside(span, start, field)), None)
                answered = answered or span is not None
                if span is None and answerable_only:
                    continue
                fields["answer_span"] = (
                    SpanField(-1, -1, field) if span is None else SpanField(span.start - start, span.end - start, field)
                )
            yield Instance(fields)
        if trouble is not None:
            trouble.questions += 1
            if not answered:
                trouble.unanswered.append(str(question_id))

    def _spans(
        self, passage: _Passage, answers: Iterable[Answer], question_id: str | None, trouble: _Trouble | None
    ) -> list[TokenSpan]:
        """The answers' tokens, best first: the first exact one, and others only if that is asked for."""
        spans = []
        for answer in answers:
            span = find_span(passage.offsets, answer.start, answer.start + len(answer.text))
            assert span is not None, "an answer that is not white space has a token"
            if span.exact or self._cover_inexact:
                spans.append(span)
            if trouble is not None:
                trouble.answers += 1
                if not span.exact:
                    first, last = passage.offsets[span.start][0], passage.offsets[span.end][1]
                    trouble.inexact.append(f'{question_id} ("{answer.text}" in "{passage.text[first:last]}")')
                if not any(_inside(span, start, field) for start, field in passage.windows):
                    trouble.outside.append(f'{question_id} ("{answer.text}")')
        return sorted(spans, key=lambda span: not span.exact)


def _place(token: Token) -> tuple[int, int]:
    if token.idx is None:
        raise ConfigurationError("The tokenizer must say where each token is in the text (idx), and does not.")
    return token.idx, token.idx + len(str(token.text))


def _inside(span: TokenSpan, start: int, window: TextField) -> bool:
    return start <= span.start and span.end < start + len(window.tokens)


def _check(max_tokens: int | None, long_passages: str, stride: int | None) -> None:
    if long_passages not in LONG_PASSAGES:
        raise ConfigurationError(f'long_passages is "{long_passages}"; it must be one of {", ".join(LONG_PASSAGES)}.')
    if long_passages == "window" and max_tokens is None:
        raise ConfigurationError('long_passages is "window", so max_passage_tokens must be given.')
    if stride is not None and (long_passages != "window" or stride > (max_tokens or 0)):
        raise ConfigurationError(
            f'window_stride is {stride}; it is for long_passages "window", and from 1 to max_passage_tokens, so that '
            "no token is left out."
        )
