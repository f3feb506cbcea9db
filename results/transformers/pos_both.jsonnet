(import 'with.libsonnet').both(import '../../training_configs/pos/ewt_glove_elmo.jsonnet')
