(import 'with.libsonnet').both(import '../../training_configs/ner/wikigold_glove_elmo.jsonnet')
