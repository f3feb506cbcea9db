// ELMo into a config that knows nothing of it:
//
//   local elmo = import 'elmo.libsonnet';
//   elmo.add(import 'my_tagger.jsonnet', bilm='original')
//
// gives the config back with ELMo's indexer in every reader, ELMo's embedder in every text field embedder, and the
// input sizes of what follows raised by the length of ELMo's vectors; in this project's own models, ELMo as their
// parameter `elmo`, and no input sizes, which they find themselves. All else is as it was. `elmo-tasks elmo-add` does
// the same from the command line.
local bilms = import 'bilms.libsonnet';
local edits = import 'edits.libsonnet';
local readers = import 'readers.libsonnet';
local sizes = import 'sizes.libsonnet';
local at = edits.at, dotted = edits.dotted, get = edits.get, type_of = edits.type_of;

// By the shape in their names, how long the vectors of published biLMs are.
local published = { '2x1024_128': 256, '2x2048_256': 512, '2x4096_512': 1024 };

local reader_fields = ['dataset_reader', 'validation_dataset_reader'];

local is_own(config) = std.startsWith(std.toString(type_of(config.model)), 'elmo_');

// Our own models find the input sizes that a config leaves out, and refuse wrong ones: stated ones are left out.
local unstated(model) = [
  { path: ['model', name], change(part):: std.foldl(std.objectRemoveKey, ['input_size', 'input_dim'], part) }
  for name in std.objectFields(model)
  if get(model[name], 'input_size') != null || get(model[name], 'input_dim') != null
];

// named: the fields that a user names, or null. growth: how much longer the vectors are with ELMo.
local size_edits(config, named, growth) =
  if named != null then sizes.named(config, named, growth)
  else if is_own(config) then unstated(config.model)
  else if growth == 0 then []
  else sizes.of_stock_model(config.model, growth);

// How long the vectors of a biLM are.
local bilm_dim(bilm) =
  if std.isObject(bilm) && !std.objectHas(bilm, 'dim')
  then error 'A biLM that is given by its files needs "dim" too, the length of its vectors: twice the projection_dim '
             + 'in its options file; a transformer, the hidden_size in its config.json.'
  else bilms.dim(bilm);

local text_fields(config) =
  edits.paths_where(config.model, function(value) std.isObject(get(value, 'token_embedders')));

// The paths in config.model of ELMo embedders.
local elmo_paths(config) =
  [
    path + ['token_embedders', name]
    for path in text_fields(config)
    for name in std.objectFields(at(config.model, path).token_embedders)
    if std.member(['elmo', 'elmo_token_embedder'], type_of(at(config.model, path).token_embedders[name]))
  ] + (if is_own(config) && get(config.model, 'elmo') != null then [['elmo']] else []);

// How long the vectors of an ELMo embedder in a config are.
local embedder_dim(embedder, bilm_dim_given) =
  local bilm = get(embedder, 'bilm');
  local file = if std.isObject(bilm) then get(bilm, 'options_file') else get(embedder, 'options_file');
  local contains(text, part) = std.length(std.findSubstr(part, std.toString(text))) > 0;
  local shapes = [shape for shape in std.objectFields(published) if contains(file, shape)];
  if get(embedder, 'projection_dim') != null then embedder.projection_dim
  else if bilm_dim_given != null then bilm_dim_given
  else if std.isString(bilm) && !contains(bilm, '/') then bilms.dim(bilm)
  // The stock embedder's default.
  else if bilm == null && file == null && get(embedder, 'transformer') == null then bilms.dim('original')
  else if shapes != [] then published[shapes[0]]
  else error 'How long the vectors are of the ELMo that is replaced is not known: give old_dim (--old-dim), twice the '
             + 'projection_dim in its options file, or the hidden_size of a transformer.';

local replaced_embedder(old, bilm, parameters, own) =
  local said = [name for name in ['options_file', 'bilm', 'transformer'] if get(old, name) != null];
  local files = if bilm != null then bilms.parameter(bilm) else if said == [] then { bilm: 'original' } else {};
  local gone = if bilm != null then ['options_file', 'weight_file', 'bilm', 'transformer'] else [];
  std.foldl(std.objectRemoveKey, gone, old)
  + (if own then {} else { type: 'elmo' }) + files + parameters;

// The readers' ELMo indexers that do not make what the biLM reads, or the transformer, replaced by the one that does.
local indexer_edits(config, bilm) =
  local of_bilms = ['elmo_characters', 'elmo_character_ids'], of_transformers = ['elmo_transformer_ids'];
  local wrong = if bilms.is_transformer(bilm) then of_bilms + of_transformers else of_transformers;
  // A type alone may stand for an indexer, and stands in one too.
  local is_type(path) = path[std.length(path) - 1] == 'type';
  if bilm == null then [] else [
    { path: [field] + path, change(old):: bilms.indexer(bilm) }
    for field in reader_fields
    if get(config, field) != null
    for path in edits.paths_where(config[field], function(value) std.member(wrong, type_of(value)))
    if path != [] && !is_type(path)
  ];

// Adding and replacing

local checked(given) =
  if !std.isObject(given) then error 'This is no config but ' + std.type(given) + '.'
  else
    // Plain values: an edit must not reach what a config derives from the edited field.
    local config = std.parseJson(std.toString(given));
    if !std.isObject(get(config, 'model')) then error 'This is no config of an experiment: it has no "model".'
    else if text_fields(config) == []
    then error 'There is no text field embedder: nothing in "model" has "token_embedders".'
    else if type_of(config.model) == 'bcn' && get(config.model, 'elmo') != null
    then error 'model.elmo is the ELMo that the model "bcn" runs itself, which is no token embedder: take it out, with '
               + 'use_input_elmo and use_integrator_output_elmo, correct the sizes, and then add ELMo.'
    else config;

local added(config, bilm, named, parameters) =
  local old = elmo_paths(config);
  // The model "bcn" takes tensors called "elmo" for its own.
  local name = if type_of(config.model) == 'bcn' then 'input_elmo' else 'elmo';
  local embedder = bilms.embedder(bilm) + parameters;
  local growth = if get(parameters, 'projection_dim') != null then parameters.projection_dim else bilm_dim(bilm);
  local embedder_edits = if is_own(config)
  then [{ path: ['model'], change(model):: model { elmo: std.objectRemoveKey(embedder, 'type') } }]
  else [
    {
      path: ['model'] + path + ['token_embedders'],
      change(embedders):: if std.objectHas(embedders, name)
      then error 'model.' + dotted(path) + '.token_embedders has an embedder called "' + name + '" already.'
      else embedders { [name]: embedder },
    }
    for path in text_fields(config)
  ];
  local reader_edits = [
    { path: [field], change(reader):: readers.with_indexers(reader, name, bilms.indexer(bilm), field) }
    for field in reader_fields
    if get(config, field) != null
  ];
  if old != []
  then error 'There is ELMo already, at model.' + dotted(old[0]) + '. To have our embedder or another biLM in its '
             + 'place say replace=true (--replace).'
  else if get(config, 'dataset_reader') == null
  then error 'This is no config of an experiment: it has no "dataset_reader".'
  else edits.edited(config, embedder_edits + reader_edits + size_edits(config, named, growth));

local replaced(config, bilm, named, old_dim, parameters) =
  local paths = elmo_paths(config);
  local replacement(path) = replaced_embedder(at(config.model, path), bilm, parameters, path == ['elmo']);
  local growth_at(path) =
    local old = at(config.model, path), new = replacement(path);
    if bilm == null && get(old, 'projection_dim') == get(new, 'projection_dim') then 0
    else embedder_dim(new, if bilm == null then old_dim else bilm_dim(bilm)) - embedder_dim(old, old_dim);
  local growths = [growth_at(path) for path in paths if growth_at(path) != 0];
  local growth =
    if growths == [] then 0
    else if std.length(paths) == 1 then growths[0]
    else error 'There are several ELMo embedders (' + std.join(', ', ['model.' + dotted(path) for path in paths])
               + ') and their length changes; what follows which is not known. Replace them by hand.';
  if paths == [] then error 'There is no ELMo to be replaced in the model.'
  else if std.all([replacement(path) == at(config.model, path) for path in paths])
  then error 'model.' + dotted(paths[0]) + ' is what it would be replaced by already.'
  else
    local embedder_edits = [{ path: ['model'] + path, change(old):: replacement(path) } for path in paths];
    edits.edited(config, embedder_edits + indexer_edits(config, bilm) + size_edits(config, named, growth));

{
  // config: any AllenNLP config.
  // bilm: a name from bilms.libsonnet, or { options_file: ..., weight_file: ..., dim: ... }, or
  //   { transformer: ..., dim: ... }; 'mini' by default.
  // replace: whether ELMo that is there (stock's `elmo_token_embedder`, or ours) is to be replaced by our embedder. It
  //   keeps its files and parameters; with `bilm`, it gets that biLM, and sizes change by the difference.
  // sizes: for models that sizes.libsonnet does not know, the fields to be raised: ['model.encoder.input_size']. With
  //   'model.feedforward.input_dim:3' a field grows three times as much. They are then the only ones.
  // old_dim: how long the vectors of the replaced biLM are, where its name does not tell.
  // parameters: further ones of the embedder, such as { dropout: 0.5 }, or of `model.elmo` of this project's own
  //   models, such as { place: 'both' }.
  add(config, bilm=null, replace=false, sizes=null, old_dim=null, parameters={})::
    if replace then replaced(checked(config), bilm, sizes, old_dim, parameters)
    else added(checked(config), if bilm == null then 'mini' else bilm, sizes, parameters),
}
