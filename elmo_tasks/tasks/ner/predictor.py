"""Text to tagged spans."""

from typing import Any

from allennlp.common.util import JsonDict
from allennlp.data import DatasetReader, Instance
from allennlp.models import Model
from allennlp.predictors import Predictor
from overrides import overrides

from elmo_tasks.tasks.base.predictor import check_output, token_texts
from elmo_tasks.tasks.base.schemes import spans_to_tags, tags_to_spans
from elmo_tasks.tasks.base.sentences import SentencePredictor, located
from elmo_tasks.tasks.base.tagged import TagField


@Predictor.register("elmo_tagger")
class ElmoTaggerPredictor(SentencePredictor):
    """
    Tags sentences. `{"sentence": "Ada went to Oslo."}` is split into tokens by spaCy's rules; `{"tokens": ["Ada",
    ...]}` is taken as it is. A line of a file that does not begin with `{` is a sentence without any JSON around it.

    The answer has the `tokens`, their `tags`, and the `spans` that these mark, as `located` gives them. Where tags mark
    no spans (the model's `label_encoding` is null) there are no `spans`.

    # Parameters

    language : `str`, optional (default = `"en"`)
        Whose rules split sentences: spaCy's code of the language (`--predictor-args '{"language": "de"}'`).
    skip_bad_lines : `bool`, optional (default = `False`)
        See `LinePredictor`.

    # Raises

    `ConfigurationError`
        If the input is not as said above, with the input's beginning.

    Registered as a `Predictor` with name "elmo_tagger".
    """

    def __init__(self, model: Model, dataset_reader: DatasetReader, frozen: bool = True, **kwargs: Any) -> None:
        super().__init__(model, dataset_reader, frozen, **kwargs)
        self._marks_spans = getattr(model, "label_encoding", None) is not None

    @overrides(check_signature=False)
    def predictions_to_labeled_instances(self, instance: Instance, outputs: JsonDict) -> list[Instance]:
        """
        For AllenNLP Interpret: an instance for each predicted span, in which all else is outside of spans, so that
        each span is explained by itself; one with all tags where there is no span or tags mark none.
        """
        tags = outputs["tags"]
        scheme: Any = getattr(self._model, "label_encoding", None)
        namespace: str = getattr(self._model, "label_namespace", "labels")
        spans = tags_to_spans(tags) if self._marks_spans else []
        instances = []
        for labels in [spans_to_tags([span], len(tags), scheme) for span in spans] or [tags]:
            labeled = instance.duplicate()
            field = TagField(labels, labeled["tokens"], namespace)  # type: ignore[arg-type]
            labeled.add_field("tags", field, self._model.vocab)
            instances.append(labeled)
        return instances

    @overrides
    def instance_answer(self, instance: Instance, output: JsonDict) -> JsonDict:
        check_output(self._model, output, "tags")
        answer = {"tokens": output.get("words") or token_texts(instance["tokens"]), "tags": output["tags"]}
        if self._marks_spans:
            answer["spans"] = located(instance, tags_to_spans(output["tags"]))
        return answer
