// The biLMs that a config can name, and how long a token's vector is in each of their layers: both directions.
// One's own biLM is { options_file: ..., weight_file: ..., dim: ... }, dim being twice its projection_dim.
{
  local dims = { mini: 256, 'mini-zh': 256, small: 256, medium: 512, original: 1024, '5.5B': 1024 },

  dim(bilm):: if std.isObject(bilm) then bilm.dim
  else if std.objectHas(dims, bilm) then dims[bilm]
  else error 'There is no biLM called "' + bilm + '", only ' + std.join(', ', std.objectFields(dims)) + '.',

  // What the parameter `bilm` takes of either.
  files(bilm):: if std.isObject(bilm) then { options_file: bilm.options_file, weight_file: bilm.weight_file } else bilm,

  // The parameter `elmo` of this project's task models; the models' own dropout is enough.
  task_elmo(bilm, place, layers, scalar_l2):: {
    bilm: $.files(bilm),
    place: place,
    layers: layers,
    scalar_l2: scalar_l2,
    dropout: 0,
  },

  // The token embedder `elmo`; it reads the token indexers `elmo_character_ids` and `elmo_characters`.
  embedder(bilm, dropout=0):: { type: 'elmo', bilm: $.files(bilm), dropout: dropout },
}
