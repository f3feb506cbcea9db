"""Configs of stock models, and of ours, in every shape whose sizes ELMo changes, with a few lines of data."""

import json
from typing import Any, NamedTuple

WORDS = 6
"""Length of a word's vector."""

TOKENS = {"tokens": {"type": "single_id"}}
EMBEDDER = {"token_embedders": {"tokens": {"type": "embedding", "embedding_dim": WORDS}}}


def lstm(input_size: int, hidden_size: int = 2) -> dict[str, Any]:
    """A biLSTM, whose output has twice the length of `hidden_size`."""
    return {"type": "lstm", "input_size": input_size, "hidden_size": hidden_size, "bidirectional": True}


def feedforward(input_dim: int, output_dim: int = 2) -> dict[str, Any]:
    # Two rectified units are easily both 0, and then no gradient reaches ELMo.
    return {"input_dim": input_dim, "num_layers": 1, "hidden_dims": output_dim, "activations": "tanh"}


def pass_through(input_dim: int = WORDS) -> dict[str, Any]:
    return {"type": "pass_through", "input_dim": input_dim}


# Data, a few lines a format

TAGGED = "the###D cat###N sees###V Anna###P\nAnna###P sees###V\n"
CLASSES = '{"text": "a good cat", "label": "1"}\n{"text": "bad", "label": "0"}\n'
PAIRS = (
    '{"gold_label": "entailment", "sentence1": "Anna sees a cat .", "sentence2": "Anna sees ."}\n'
    '{"gold_label": "neutral", "sentence1": "A cat .", "sentence2": "It is a good cat ."}\n'
)
QUESTIONS = json.dumps(
    {
        "data": [
            {
                "paragraphs": [
                    {
                        "context": "Anna sees a cat.",
                        "qas": [
                            {"id": "1", "question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}]},
                            {"id": "2", "question": "Sees what?", "answers": [{"text": "a cat", "answer_start": 10}]},
                        ],
                    }
                ]
            }
        ]
    }
)
ONTONOTES = """#begin document (a); part 000
a 0 0 Anna NNP (TOP(S(NP*) anna - - A (PERSON) (ARG0*) (0)
a 0 1 sees VBZ (VP* see 01 1 A * (V*) -
a 0 2 herself PRP (NP*)))) she - - A * (ARG1*) (0)

#end document
"""
SENTIMENT = "(1 (1 good) (1 cat))\n(0 (0 bad) (1 (1 old) (1 cat)))\n"
DEPENDENCIES = """1\tAnna\tAnna\tPROPN\tNNP\t_\t2\tnsubj\t_\t_
2\tsees\tsee\tVERB\tVBZ\t_\t0\troot\t_\t_
3\tcats\tcat\tNOUN\tNNS\t_\t2\tobj\t_\t_

"""
TREES = "(TOP (S (NP (NNP Anna)) (VP (VBZ sees) (NP (NNS cats)))))\n"
TRANSLATIONS = "the cat\tdie Katze\nAnna sees\tAnna sieht\n"

WHITESPACE = {"type": "whitespace"}


class Case(NamedTuple):
    """
    A config without ELMo, and by how many times ELMo's length each of its fields must grow; of our own models, the
    fields that must go, since the model fills them in.
    """

    reader: dict[str, Any]
    data: str
    model: dict[str, Any]
    growth: dict[str, int]
    package: str | None = None
    file: str = "data"
    gone: tuple[str, ...] = ()

    def config(self) -> dict[str, Any]:
        embedder = {} if self.reader["type"] == "seq2seq" else {"text_field_embedder": EMBEDDER}
        return {
            "dataset_reader": self.reader,
            "train_data_path": "data",
            "model": {**embedder, **self.model},
            "data_loader": {"batch_size": 2},
            "trainer": {"num_epochs": 1, "optimizer": {"type": "sgd", "lr": 0.1}, "cuda_device": -1},
        }


TAGGING = {"type": "sequence_tagging", "token_indexers": TOKENS}
CLASSIFICATION = {"type": "text_classification_json", "tokenizer": WHITESPACE}
SNLI = {"type": "snli", "tokenizer": WHITESPACE, "token_indexers": TOKENS}
SQUAD = {"type": "squad", "tokenizer": {"type": "elmo_spacy_rules"}, "token_indexers": TOKENS}
SEQ2SEQ = {"type": "seq2seq", "source_tokenizer": WHITESPACE}
COREF = {"type": "coref", "token_indexers": TOKENS, "max_span_width": 2}

MODELS = "allennlp_models."


def tagger(**model: Any) -> Case:
    growth = model.pop("growth")
    return Case(TAGGING, TAGGED, {"type": "simple_tagger", **model}, growth)


def crf(**model: Any) -> Case:
    growth = model.pop("growth")
    return Case(TAGGING, TAGGED, {"type": "crf_tagger", **model}, growth, MODELS + "tagging")


def classifier(**model: Any) -> Case:
    growth = model.pop("growth")
    return Case(CLASSIFICATION, CLASSES, {"type": "basic_classifier", **model}, growth)


def esim(encoder: dict[str, Any], encoded: int, attention: Any, growth: dict[str, int]) -> Case:
    model = {
        "type": "esim",
        "encoder": encoder,
        "matrix_attention": attention,
        "projection_feedforward": feedforward(4 * encoded, 5),
        "inference_encoder": lstm(5),
        "output_feedforward": feedforward(16),
        "output_logit": feedforward(2),
    }
    return Case(SNLI, PAIRS, model, growth, MODELS + "pair_classification")


def decomposable(encoders: dict[str, Any], growth: dict[str, int]) -> Case:
    model = {
        "type": "decomposable_attention",
        "attend_feedforward": feedforward(WORDS),
        "matrix_attention": {"type": "dot_product"},
        "compare_feedforward": feedforward(2 * WORDS, 3),
        "aggregate_feedforward": feedforward(6, 2),
        **encoders,
    }
    return Case(SNLI, PAIRS, model, growth, MODELS + "pair_classification")


def bidaf(phrase: dict[str, Any], phrase_dim: int, growth: dict[str, int]) -> Case:
    attention = {"type": "linear", "combination": "x,y,x*y", "tensor_1_dim": phrase_dim, "tensor_2_dim": phrase_dim}
    model = {
        "type": "bidaf",
        "num_highway_layers": 1,
        "phrase_layer": phrase,
        "matrix_attention": attention,
        "modeling_layer": lstm(4 * phrase_dim),
        "span_end_encoder": lstm(4 * phrase_dim + 3 * 4),
    }
    return Case(SQUAD, QUESTIONS, model, growth, MODELS + "rc")


def srl() -> Case:
    model = {"type": "srl", "encoder": lstm(WORDS + 3), "binary_feature_dim": 3, "ignore_span_metric": True}
    reader = {"type": "srl", "token_indexers": TOKENS}
    growth = {"model.encoder.input_size": 1}
    return Case(reader, ONTONOTES, model, growth, MODELS + "structured_prediction", "a.gold_conll")


def coref(context: dict[str, Any], context_dim: int, growth: dict[str, int]) -> Case:
    span = WORDS + 2 * context_dim + 3
    model = {
        "type": "coref",
        "context_layer": context,
        "mention_feedforward": feedforward(span),
        "antecedent_feedforward": feedforward(3 * span + 3),
        "feature_size": 3,
        "max_span_width": 2,
        "spans_per_word": 1.0,
        "max_antecedents": 5,
        "coarse_to_fine": True,
        "inference_order": 2,
    }
    return Case(COREF, ONTONOTES, model, growth, MODELS + "coref")


def bcn() -> Case:
    model = {
        "type": "bcn",
        "embedding_dropout": 0.1,
        "pre_encode_feedforward": feedforward(WORDS, 3),
        "encoder": lstm(3),
        "integrator": lstm(12),
        "integrator_dropout": 0.1,
        "output_layer": {"input_dim": 16, "num_layers": 1, "output_dims": 2, "pool_sizes": 2, "dropout": 0.1},
    }
    reader = {"type": "sst_tokens", "token_indexers": TOKENS}
    return Case(reader, SENTIMENT, model, {"model.pre_encode_feedforward.input_dim": 1}, MODELS + "classification")


def biaffine(**model: Any) -> Case:
    growth = model.pop("growth")
    reader = {"type": "universal_dependencies", "token_indexers": TOKENS}
    model = {"type": "biaffine_parser", "arc_representation_dim": 2, "tag_representation_dim": 2, **model}
    return Case(reader, DEPENDENCIES, model, growth, MODELS + "structured_prediction")


def constituency(encoder: dict[str, Any], extractor: dict[str, Any], growth: dict[str, int], **model: Any) -> Case:
    model = {
        "type": "constituency_parser",
        "encoder": encoder,
        "span_extractor": extractor,
        "evalb_directory_path": None,
        **model,
    }
    reader = {"type": "ptb_trees", "token_indexers": TOKENS, "use_pos_tags": False}
    return Case(reader, TREES, model, growth, MODELS + "structured_prediction")


def simple_seq2seq(attention: dict[str, Any], growth: dict[str, int], **model: Any) -> Case:
    model = {
        "type": "simple_seq2seq",
        "source_embedder": EMBEDDER,
        "encoder": lstm(WORDS),
        "attention": attention,
        "target_embedding_dim": 3,
        **model,
    }
    return Case(SEQ2SEQ, TRANSLATIONS, model, growth, MODELS + "generation")


def composed_seq2seq() -> Case:
    decoder = {
        "type": "auto_regressive_seq_decoder",
        "decoder_net": {"type": "lstm_cell", "decoding_dim": 4, "target_embedding_dim": 3},
        "target_embedder": {"embedding_dim": 3, "vocab_namespace": "tokens"},
    }
    model = {
        "type": "composed_seq2seq",
        "source_text_embedder": EMBEDDER,
        "encoder": lstm(WORDS),
        "decoder": decoder,
    }
    return Case(SEQ2SEQ, TRANSLATIONS, model, {"model.encoder.input_size": 1}, MODELS + "generation")


BOTH_WAYS = {"type": "bidirectional_endpoint", "input_dim": 4}
DOT = {"type": "dot_product"}
OWN_TAGGER = {"type": "elmo_crf_tagger", "label_encoding": None}

CASES: dict[str, Case] = {
    "simple_tagger": tagger(encoder=lstm(WORDS), growth={"model.encoder.input_size": 1}),
    "simple_tagger, pass through": tagger(encoder=pass_through(), growth={"model.encoder.input_dim": 1}),
    "simple_tagger, feedforward": tagger(
        encoder={"type": "feedforward", "feedforward": feedforward(WORDS)},
        growth={"model.encoder.feedforward.input_dim": 1},
    ),
    "simple_tagger, composed": tagger(
        encoder={
            "type": "compose",
            "encoders": [
                pass_through(),
                {"type": "feedforward", "feedforward": feedforward(WORDS)},
                pass_through(2),
            ],
        },
        growth={"model.encoder.encoders.0.input_dim": 1, "model.encoder.encoders.1.feedforward.input_dim": 1},
    ),
    "simple_tagger, basic": tagger(
        text_field_embedder={"type": "basic", **EMBEDDER},
        encoder=lstm(WORDS),
        growth={"model.encoder.input_size": 1},
    ),
    "basic_classifier": classifier(
        seq2vec_encoder={"type": "cnn", "embedding_dim": WORDS, "num_filters": 2, "ngram_filter_sizes": [1]},
        growth={"model.seq2vec_encoder.embedding_dim": 1},
    ),
    "basic_classifier, both encoders": classifier(
        seq2seq_encoder=lstm(WORDS),
        seq2vec_encoder={"type": "boe", "embedding_dim": 4},
        feedforward=feedforward(4),
        growth={"model.seq2seq_encoder.input_size": 1},
    ),
    "basic_classifier, bag of embeddings": classifier(
        seq2vec_encoder={"type": "boe", "embedding_dim": WORDS},
        feedforward=feedforward(WORDS),
        growth={"model.seq2vec_encoder.embedding_dim": 1, "model.feedforward.input_dim": 1},
    ),
    "basic_classifier, transformer": classifier(
        seq2seq_encoder={"type": "pytorch_transformer", "input_dim": WORDS, "num_layers": 1, "num_attention_heads": 2},
        seq2vec_encoder={"type": "bag_of_embeddings", "embedding_dim": WORDS},
        growth={"model.seq2seq_encoder.input_dim": 1, "model.seq2vec_encoder.embedding_dim": 1},
    ),
    "crf_tagger": crf(encoder=lstm(WORDS), feedforward=feedforward(4), growth={"model.encoder.input_size": 1}),
    "crf_tagger, pass through": crf(
        encoder=pass_through(),
        feedforward=feedforward(WORDS),
        growth={"model.encoder.input_dim": 1, "model.feedforward.input_dim": 1},
    ),
    "esim": esim(lstm(WORDS), 4, DOT, {"model.encoder.input_size": 1}),
    "esim, pass through": esim(
        pass_through(),
        WORDS,
        {"type": "bilinear", "matrix_1_dim": WORDS, "matrix_2_dim": WORDS},
        {
            "model.encoder.input_dim": 1,
            "model.matrix_attention.matrix_1_dim": 1,
            "model.matrix_attention.matrix_2_dim": 1,
            "model.projection_feedforward.input_dim": 4,
        },
    ),
    "decomposable_attention": decomposable(
        {}, {"model.attend_feedforward.input_dim": 1, "model.compare_feedforward.input_dim": 2}
    ),
    "decomposable_attention, encoders": decomposable(
        {"premise_encoder": pass_through(), "hypothesis_encoder": pass_through()},
        {
            "model.premise_encoder.input_dim": 1,
            "model.hypothesis_encoder.input_dim": 1,
            "model.attend_feedforward.input_dim": 1,
            "model.compare_feedforward.input_dim": 2,
        },
    ),
    "bidaf": bidaf(lstm(WORDS), 4, {"model.phrase_layer.input_size": 1}),
    "bidaf, pass through": bidaf(
        pass_through(),
        WORDS,
        {
            "model.phrase_layer.input_dim": 1,
            "model.matrix_attention.tensor_1_dim": 1,
            "model.matrix_attention.tensor_2_dim": 1,
            "model.modeling_layer.input_size": 4,
            "model.span_end_encoder.input_size": 4,
        },
    ),
    "srl": srl(),
    "coref": coref(
        lstm(WORDS),
        4,
        {
            "model.context_layer.input_size": 1,
            "model.mention_feedforward.input_dim": 1,
            "model.antecedent_feedforward.input_dim": 3,
        },
    ),
    "coref, pass through": coref(
        pass_through(),
        WORDS,
        {
            "model.context_layer.input_dim": 1,
            "model.mention_feedforward.input_dim": 3,
            "model.antecedent_feedforward.input_dim": 9,
        },
    ),
    "bcn": bcn(),
    "biaffine_parser": biaffine(
        encoder=lstm(WORDS + 3),
        pos_tag_embedding={"embedding_dim": 3, "vocab_namespace": "pos"},
        growth={"model.encoder.input_size": 1},
    ),
    "biaffine_parser, pass through": biaffine(
        encoder=pass_through(),
        arc_feedforward=feedforward(WORDS),
        tag_feedforward=feedforward(WORDS),
        growth={
            "model.encoder.input_dim": 1,
            "model.arc_feedforward.input_dim": 1,
            "model.tag_feedforward.input_dim": 1,
        },
    ),
    "constituency_parser": constituency(
        lstm(WORDS), BOTH_WAYS, {"model.encoder.input_size": 1}, feedforward=feedforward(4)
    ),
    "constituency_parser, pass through": constituency(
        pass_through(),
        {"type": "self_attentive", "input_dim": WORDS},
        {"model.encoder.input_dim": 1, "model.span_extractor.input_dim": 1, "model.feedforward.input_dim": 1},
        feedforward=feedforward(WORDS),
    ),
    "constituency_parser, endpoints": constituency(
        pass_through(),
        {"type": "endpoint", "input_dim": WORDS},
        {"model.encoder.input_dim": 1, "model.span_extractor.input_dim": 1},
    ),
    "simple_seq2seq": simple_seq2seq(DOT, {"model.encoder.input_size": 1}),
    "simple_seq2seq, pass through": simple_seq2seq(
        {"type": "bilinear", "vector_dim": WORDS, "matrix_dim": WORDS},
        {"model.encoder.input_dim": 1, "model.attention.vector_dim": 1, "model.attention.matrix_dim": 1},
        encoder=pass_through(),
    ),
    "composed_seq2seq": composed_seq2seq(),
    "elmo_crf_tagger": Case(
        TAGGING,
        TAGGED,
        OWN_TAGGER | {"encoder": lstm(WORDS), "feedforward": feedforward(4)},
        {},
        gone=("model.encoder.input_size", "model.feedforward.input_dim"),
    ),
    "elmo_esim": Case(
        {"type": "elmo_snli", "token_indexers": TOKENS},
        PAIRS,
        {"type": "elmo_esim", "encoder": lstm(WORDS), "inference_encoder": lstm(300)},
        {},
        gone=("model.encoder.input_size", "model.inference_encoder.input_size"),
    ),
    "elmo_bidaf": Case(
        {"type": "elmo_squad", "token_indexers": TOKENS},
        QUESTIONS,
        {
            "type": "elmo_bidaf",
            "contextual_layer": pass_through(),
            "modeling_layer": lstm(4 * WORDS),
            "span_end_encoder": lstm(4),
        },
        {},
        gone=(
            "model.contextual_layer.input_dim",
            "model.modeling_layer.input_size",
            "model.span_end_encoder.input_size",
        ),
    ),
    "elmo_bidaf, self-attention": Case(
        {"type": "elmo_squad", "token_indexers": TOKENS},
        QUESTIONS,
        {
            "type": "elmo_bidaf",
            "self_attention": True,
            "contextual_layer": pass_through(),
            "modeling_layer": lstm(WORDS),
            "span_start_encoder": lstm(WORDS),
            "span_end_encoder": lstm(WORDS + 4),
        },
        {},
        gone=(
            "model.contextual_layer.input_dim",
            "model.modeling_layer.input_size",
            "model.span_start_encoder.input_size",
            "model.span_end_encoder.input_size",
        ),
    ),
    "elmo_crf_tagger, sizing itself": Case(
        TAGGING, TAGGED, OWN_TAGGER | {"encoder": {"type": "lstm", "hidden_size": 2}}, {}
    ),
}
