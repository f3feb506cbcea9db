import '../../training_configs/ner/wikigold_glove_baseline.jsonnet'
