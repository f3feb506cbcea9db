"""Documents to their clusters of mentions."""

from collections.abc import Sequence
from typing import Any

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.data.fields import MetadataField
from allennlp.data.tokenizers import Token
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.modules.sentences import split_sentences
from elmo_tasks.tasks.base.conll2012 import Mention
from elmo_tasks.tasks.base.conll2012_writing import WritesColumns, rows
from elmo_tasks.tasks.base.predictor import LinePredictor, bad_input
from elmo_tasks.tasks.base.text import Text, check_text
from elmo_tasks.tasks.coreference.metric import Span
from elmo_tasks.tasks.coreference.reader import CorefReader
from elmo_tasks.tasks.coreference.resolving import resolve


@Predictor.register("elmo_coref")
class ElmoCorefPredictor(WritesColumns, LinePredictor):
    """
    Finds what in a document means the same. An input has one of these:

    - `{"text": "Ada found a cat. She fed it."}`: raw text, whose sentences are found by `split_sentences` and whose
      words by the reader's tokenizer. A line of a file that does not begin with `{` is one without any JSON around it.
    - `{"tokens": ["Ada", "found", ...]}`: words, whose sentences are found likewise.
    - `{"sentences": [["Ada", "found", "a", "cat", "."], ...]}`: each a list of words, or raw text.

    With `sentences` there may be `"speakers"`, a name a sentence; and, where the model knows genres, `"genre"`.

    The answer has the `text` (words are joined by blanks), its `sentences` as lists of words, the `clusters`, and
    `resolved`, the text with each mention as its cluster's first one that is no pronoun (see `resolve`). A cluster is a
    list of mentions in their order, each with its `text`, its `start` and its `end`, the first of its tokens, counted
    in the document, and the one behind the last; and `start_char` and `end_char`, the same of the characters of `text`,
    as Python counts them. A document of a file in columns has its `name` too.

    # Parameters

    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.
    columns : `bool`, optional (default = `False`)
        Whether `elmo-tasks predict` writes CoNLL-2012's columns, which the official scorer takes, and not JSON.

    # Raises

    `ConfigurationError`
        If the input is not as said above, with its beginning; or if the reader is another's.

    Registered as a `Predictor` with name "elmo_coref".
    """

    raw_text = "text"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Documents without a name that are written in columns, which are told apart by their parts.
        self._unnamed = 0

    def predict(self, text: str) -> JsonDict:
        """The answer for one raw text."""
        return self.predict_json({"text": text})

    @overrides
    def _json_to_instance(self, json_dict: JsonDict) -> Instance:
        reader = self._reader()
        text, sentences, speakers = _read(json_dict, reader)
        genre = json_dict.get("genre")
        if genre is not None and not isinstance(genre, str):
            raise bad_input(json_dict, 'cannot be taken: "genre" must be a string')
        instance = reader.text_to_instance(sentences, speakers=speakers, genre=genre)
        metadata: Any = instance["metadata"]
        about = {**metadata.metadata, "text": text, "offsets": _offsets(sentences)}
        instance.fields["metadata"] = MetadataField(about)
        return instance

    def _reader(self) -> CorefReader:
        reader = self._dataset_reader
        if not isinstance(reader, CorefReader):
            raise ConfigurationError(
                f'This predictor needs the reader "elmo_coref", not {type(reader).__name__}: use its model\'s own '
                "predictor."
            )
        return reader

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        field: Any = instance["metadata"]
        about = field.metadata
        # JSON has lists.
        clusters = [[(start, end) for start, end in cluster] for cluster in output["clusters"]]
        if "offsets" not in about:
            # An instance of the reader's own.
            text, sentences = _joined(about["sentences"], self._reader())
            offsets = _offsets(sentences)
        else:
            text, offsets = about["text"], about["offsets"]
        return {
            "text": text,
            "sentences": about["sentences"],
            "clusters": [[_mention(text, offsets, span) for span in cluster] for cluster in clusters],
            "resolved": resolve(text, offsets, clusters),
            **({"name": about["name"]} if about.get("name") else {}),
        }

    @overrides
    def columns_of(self, answer: JsonDict) -> str:
        if "name" in answer:
            name, _, part = answer["name"].rpartition(" ")
        else:
            name, part = "document", f"{self._unnamed:03}"
            self._unnamed += 1
        before, sentences = 0, []
        # A blank would begin another column.
        column = "_".join(name.split()) or "-"
        for words in answer["sentences"]:
            behind = before + len(words)
            mentions = [
                Mention(str(number), mention["start"] - before, mention["end"] - before)
                for number, cluster in enumerate(answer["clusters"])
                for mention in cluster
                if before <= mention["start"] < behind
            ]
            sentences.append(rows(words, mentions=mentions, name=column, part=part))
            before = behind
        # As it was read: the scorer knows a document by the whole line.
        return f"#begin document ({name}); part {part}\n{''.join(sentences)}#end document\n"


def _mention(text: str, offsets: Sequence[Span], span: Span) -> JsonDict:
    start_char, end_char = offsets[span[0]][0], offsets[span[1] - 1][1]
    return {
        "text": text[start_char:end_char],
        "start": span[0],
        "end": span[1],
        "start_char": start_char,
        "end_char": end_char,
    }


def _read(given: Any, reader: CorefReader) -> tuple[str, list[list[Token]], list[list[str]] | None]:
    """The text, its sentences, and the speaker of each token if there are any."""
    names = [name for name in ("text", "tokens", "sentences") if isinstance(given, dict) and name in given]
    if len(names) != 1:
        raise bad_input(given, 'must be an object with one of "text", "tokens" and "sentences"')
    (name,) = names
    kind = str if name == "text" else list
    if not isinstance(given[name], kind) or not given[name]:
        raise bad_input(given, f'cannot be taken: "{name}" must be a {kind.__name__} that is not empty')
    if name == "sentences":
        parts = [_checked(given, part, f"sentences[{number}]") for number, part in enumerate(given[name])]
        text, sentences = _joined(parts, reader)
        speakers = _speakers(given, sentences)
    elif "speakers" in given:
        raise bad_input(given, 'cannot be taken: there are "speakers", which are those of "sentences"')
    else:
        text, (tokens,) = _joined([_checked(given, given[name], name)], reader)
        sentences, speakers = split_sentences(tokens, text), None
    if not all(sentences) or not sentences:
        raise bad_input(given, "has a sentence without a word")
    return text, sentences, speakers


def _checked(given: Any, text: Any, name: str) -> Text:
    try:
        return check_text(text, name, "read", ValueError)
    except ValueError as error:
        raise bad_input(given, f"cannot be taken: {error}") from None


def _joined(parts: Sequence[Text], reader: CorefReader) -> tuple[str, list[list[Token]]]:
    """Raw texts, and lists of words, as one text with blanks between; and the words of each with their places in it."""
    text = ""
    of_parts: list[list[Token]] = []
    for part in parts:
        before = len(text) + 1 if of_parts else 0
        if isinstance(part, str):
            tokens = [Token(token.text, before + _characters(token)[0]) for token in reader.tokenizer.tokenize(part)]
            written = part
        else:
            tokens = []
            for word in part:
                tokens.append(Token(word, _characters(tokens[-1])[1] + 1 if tokens else before))
            written = " ".join(part)
        text = f"{text} {written}" if of_parts else written
        of_parts.append(tokens)
    return text, of_parts


def _speakers(given: JsonDict, sentences: list[list[Token]]) -> list[list[str]] | None:
    speakers = given.get("speakers")
    if speakers is None:
        return None
    names = isinstance(speakers, list) and all(isinstance(speaker, str) for speaker in speakers)
    if not names or len(speakers) != len(sentences):
        raise bad_input(given, f'cannot be taken: "speakers" must be a list of {len(sentences)} names, one a sentence')
    return [[speaker] * len(sentence) for speaker, sentence in zip(speakers, sentences, strict=True)]


def _offsets(sentences: Sequence[Sequence[Token]]) -> list[Span]:
    """Of all tokens, in one list."""
    return [_characters(token) for sentence in sentences for token in sentence]


def _characters(token: Token) -> Span:
    assert token.idx is not None
    return token.idx, token.idx + len(str(token.text))
