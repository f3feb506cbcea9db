function(elmo=null) {
  dataset_reader: {
    type: 'toy',
    token_indexers: { tokens: 'single_id', [if elmo != null then 'elmo']: 'elmo_character_ids' },
  },
  train_data_path: 'fixtures/toy/train.txt',
  validation_data_path: self.train_data_path,
  model: {
    type: 'toy',
    text_field_embedder: { token_embedders: { tokens: { type: 'embedding', embedding_dim: 4 } } },
    [if elmo != null then 'elmo']: elmo,
  },
  data_loader: { batch_size: 4 },
  trainer: { num_epochs: 9, validation_metric: '+accuracy', optimizer: 'adam', cuda_device: -1 },
}
