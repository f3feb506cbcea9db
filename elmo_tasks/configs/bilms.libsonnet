// The biLMs that a config can name, and how long a token's vector is in each of their layers: both directions.
// One's own biLM is { options_file: ..., weight_file: ..., dim: ... }, dim being twice its projection_dim.
// A transformer in a biLM's place is { transformer: ..., dim: ... }: its folder, its name on the hub, or what else the
// embedder's parameter `transformer` takes, and the length of its hidden states. Only elmo.libsonnet needs dim.
{
  local dims = { mini: 512, 'mini-zh': 256, small: 256, medium: 512, original: 1024, '5.5B': 1024 },

  dim(bilm):: if std.isObject(bilm) then bilm.dim
  else if std.objectHas(dims, bilm) then dims[bilm]
  else error 'There is no biLM called "' + bilm + '", only ' + std.join(', ', std.objectFields(dims)) + '.',

  is_transformer(bilm):: std.isObject(bilm) && std.objectHas(bilm, 'transformer'),

  // The embedder's parameter that says which it is.
  parameter(bilm):: if $.is_transformer(bilm) then { transformer: bilm.transformer }
  else { bilm: if std.isObject(bilm) then { options_file: bilm.options_file, weight_file: bilm.weight_file } else bilm },

  // The token indexer that makes what it reads. For a biLM: as `elmo_characters`, in less time and memory.
  indexer(bilm):: if $.is_transformer(bilm) then { type: 'elmo_transformer_ids', transformer: bilm.transformer }
  else { type: 'elmo_character_ids' },

  // The parameter `elmo` of this project's task models; the models' own dropout is enough.
  task_elmo(bilm, place, layers, scalar_l2):: {
    place: place,
    layers: layers,
    scalar_l2: scalar_l2,
    dropout: 0,
  } + $.parameter(bilm),

  // The token embedder `elmo`; of a biLM it reads the token indexers `elmo_character_ids` and `elmo_characters`.
  embedder(bilm, dropout=0):: { type: 'elmo', dropout: dropout } + $.parameter(bilm),
}
