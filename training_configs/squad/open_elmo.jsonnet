// SQuAD 1.1 in small with ELMo at the contextual layer's input and output.
//
// Not in the paper; its model, with the biLM "mini", at a size for two cores: 50 units a direction, GloVe 6B vectors
// of 50 dimensions, batches of 32, Adam with 0.002. Trained on the first 3 paragraphs of each of the 442 training
// articles, cut after 250 tokens: 7,302 questions, less the few whose answer is cut off. Measured in training on the
// first 8 paragraphs of each of the 24 development articles that are there; on all their questions by the second
// command:
//
//   elmo-tasks train training_configs/squad/open_elmo.jsonnet -s runs/squad-open-elmo
//   elmo-tasks evaluate runs/squad-open-elmo/model.tar.gz ../shared/data/squad/dev-v1.1.first24.json \
//     --overrides '{"validation_dataset_reader.max_paragraphs_per_article": null}' \
//     --output-file runs/squad-open-elmo/all.json
local squad = import '../lib/squad.libsonnet';

local data = '../shared/data';

squad.experiment(
  train=data + '/squad/train-v1.1.json.gz',
  validation=data + '/squad/dev-v1.1.first24.json',
  glove=data + '/glove/glove.6B.50d.subset.txt.gz',
  bilm='mini',
  place='both',
  max_passage_tokens=250,
  train_paragraphs=3,
  validation_paragraphs=8,
  sizes=squad.open_sizes,
  training=squad.open_training,
)
