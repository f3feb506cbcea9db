(import 'with.libsonnet').mini(import '../../training_configs/pos/ewt_glove_elmo.jsonnet')
