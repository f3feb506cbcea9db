(import 'with.libsonnet').mini(import '../../training_configs/ner/wikigold_glove_elmo.jsonnet')
