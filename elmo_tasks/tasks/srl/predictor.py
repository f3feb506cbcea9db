"""A sentence to its predicates and their arguments."""

from collections.abc import Sequence
from typing import Any

from allennlp.common.util import JsonDict
from allennlp.data import Instance
from allennlp.data.fields import IndexField, ListField, MetadataField
from allennlp.data.tokenizers import Token
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.conll2012 import Frame
from elmo_tasks.tasks.base.conll2012_writing import WritesColumns, rows
from elmo_tasks.tasks.base.predictor import bad_input, check_output
from elmo_tasks.tasks.base.schemes import tags_to_spans
from elmo_tasks.tasks.base.sentences import SentencePredictor, located, metadata_of
from elmo_tasks.tasks.base.tagged import TagField


@Predictor.register("elmo_srl")
class ElmoSrlPredictor(WritesColumns, SentencePredictor):
    """
    Who did what to whom. `{"sentence": "Ann left."}` is split into tokens by spaCy's rules; `{"tokens": ["Ann",
    "left", "."]}` is taken as it is. A line of a file that does not begin with `{` is a sentence without any JSON
    around it. Predicates are found, or given beside either, as their tokens' numbers, counted from 0:
    `{"tokens": ["Ann", "left", "."], "predicates": [1]}`.

    The answer is that of allennlp-models' predictor, and says where things are. It has the `words`, and the `verbs`
    (which may be nouns or adjectives too). Each has `verb`, its word; `description`, such as
    `"[ARG0: Ann] [V: left] ."`; `tags`, in BIO; `index`, its token; and `arguments`, the spans that the tags mark, as
    `located` gives them.

    # Parameters

    language : `str`, optional (default = `"en"`)
        Whose rules split sentences: spaCy's code of the language (`--predictor-args '{"language": "de"}'`).
    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.
    columns : `bool`, optional (default = `False`)
        Whether `elmo-tasks predict` writes CoNLL-2012's columns, as the reader takes them, and not JSON.

    # Raises

    `ConfigurationError`
        If the input is not as said above, with the input's beginning; or if predicates are to be found by a model that
        does not find any.

    Registered as a `Predictor` with name "elmo_srl".
    """

    counted_in_tokens = "The predicates' places"

    @overrides
    def more_inputs(self, json_dict: JsonDict, tokens: Sequence[Token]) -> dict[str, Any]:
        predicates = json_dict.get("predicates")
        if predicates is None:
            return {}
        numbers = range(len(tokens))
        # True is 1 for Python.
        if not isinstance(predicates, list) or any(type(one) is not int or one not in numbers for one in predicates):
            known = f"0 to {len(tokens) - 1}" if tokens else "of which there are none"
            message = f'"predicates" must be a list of tokens\' numbers, {known}, not {predicates!r:.100}'
            raise bad_input(json_dict, message)
        return {"predicates": predicates}

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """For AllenNLP Interpret: an instance for each predicate with what is predicted for it."""
        namespace: str = getattr(self._model, "label_namespace", "labels")
        instances = []
        for predicate, tags in zip(outputs["predicates"], outputs["tags"], strict=True):
            labeled = instance.duplicate()
            text: Any = labeled["tokens"]
            known = {**(metadata_of(instance) or {}), "predicates": [predicate], "tags": [tags]}
            labeled.add_field("metadata", MetadataField(known))
            labeled.add_field("predicates", ListField([IndexField(predicate, text)]), self._model.vocab)
            labeled.add_field("tags", ListField([TagField(tags, text, namespace)]), self._model.vocab)
            instances.append(labeled)
        return instances

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        check_output(self._model, output, "words", "predicates", "tags")
        words = output["words"]
        verbs = []
        for predicate, tags in zip(output["predicates"], output["tags"], strict=True):
            spans = tags_to_spans(tags)
            verbs.append(
                {
                    "verb": words[predicate],
                    "description": _description(words, tags),
                    "tags": tags,
                    "index": predicate,
                    "arguments": located(instance, spans),
                }
            )
        return {"words": words, "verbs": verbs}

    @overrides
    def columns_of(self, answer: JsonDict) -> str:
        return rows(answer["words"], [Frame(verb["index"], verb["tags"]) for verb in answer["verbs"]])


def _description(words: Sequence[str], tags: Sequence[str]) -> str:
    """The sentence with its arguments in brackets."""
    parts = list(words)
    for role, start, end in tags_to_spans(tags):
        parts[start] = f"[{role}: {parts[start]}"
        parts[end - 1] += "]"
    return " ".join(parts)
