import '../../training_configs/pos/ewt_glove_baseline.jsonnet'
