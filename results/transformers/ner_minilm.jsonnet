(import 'with.libsonnet').minilm(import '../../training_configs/ner/wikigold_glove_elmo.jsonnet')
