// ELMo into a config that knows nothing of it:
//
//   local elmo = import 'elmo.libsonnet';
//   elmo.add(import 'my_tagger.jsonnet', bilm='original')
//
// gives the config back with ELMo's indexer in every reader, ELMo's embedder in every text field embedder, and the
// input sizes of what follows raised by the length of ELMo's vectors. All else is as it was. `allennlp elmo-add` does
// the same from the command line.
local bilms = import 'bilms.libsonnet';

local get(value, key) = if std.isObject(value) then std.get(value, key) else null;

// Which part of a model reads which, and how many times over: coref's antecedent_feedforward reads two spans and their
// product, and a span is made of a token vector and of two outputs of the context_layer. A part that a config leaves
// out passes on what it would have read. 'token_vectors' stands for the text field embedder, 'output_elmo' for ELMo at
// the output of our own models.
local models = {
  basic_classifier: {
    seq2seq_encoder: { token_vectors: 1 },
    seq2vec_encoder: { seq2seq_encoder: 1 },
    feedforward: { seq2vec_encoder: 1 },
  },
  bcn: {
    pre_encode_feedforward: { token_vectors: 1 },
    encoder: { pre_encode_feedforward: 1 },
    integrator: { encoder: 3 },
    output_layer: { integrator: 4 },
  },
  biaffine_parser: {
    encoder: { token_vectors: 1 },
    arc_feedforward: { encoder: 1 },
    tag_feedforward: { encoder: 1 },
  },
  bidaf: {
    phrase_layer: { token_vectors: 1 },
    matrix_attention: { phrase_layer: 1 },
    modeling_layer: { phrase_layer: 4 },
    span_end_encoder: { phrase_layer: 4, modeling_layer: 3 },
  },
  composed_seq2seq: {
    encoder: { token_vectors: 1 },
    decoder: { encoder: 1 },
  },
  constituency_parser: {
    encoder: { token_vectors: 1 },
    span_extractor: { encoder: 1 },
    feedforward: { span_extractor: 1 },
  },
  coref: {
    context_layer: { token_vectors: 1 },
    mention_feedforward: { token_vectors: 1, context_layer: 2 },
    antecedent_feedforward: { token_vectors: 3, context_layer: 6 },
  },
  crf_tagger: {
    encoder: { token_vectors: 1 },
    feedforward: { encoder: 1 },
  },
  decomposable_attention: {
    premise_encoder: { token_vectors: 1 },
    hypothesis_encoder: { token_vectors: 1 },
    attend_feedforward: { premise_encoder: 1 },
    matrix_attention: { attend_feedforward: 1 },
    compare_feedforward: { premise_encoder: 2 },
    aggregate_feedforward: { compare_feedforward: 2 },
  },
  esim: {
    encoder: { token_vectors: 1 },
    matrix_attention: { encoder: 1 },
    projection_feedforward: { encoder: 4 },
    inference_encoder: { projection_feedforward: 1 },
    output_feedforward: { inference_encoder: 4 },
    output_logit: { output_feedforward: 1 },
  },
  simple_seq2seq: {
    encoder: { token_vectors: 1 },
    attention: { encoder: 1 },
  },
  simple_tagger: {
    encoder: { token_vectors: 1 },
  },
  srl: {
    encoder: { token_vectors: 1 },
  },
};

// This project's models: ELMo is their parameter `elmo`, and whatever size a config leaves out they find themselves.
local own_models = {
  elmo_bidaf: function(model) {
    contextual_layer: { token_vectors: 1 },
  } + if get(model, 'self_attention') == true then {
    modeling_layer: { contextual_layer: 1 },
    span_start_encoder: { contextual_layer: 1 },
    span_end_encoder: { contextual_layer: 1, span_start_encoder: 1 },
  } else {
    modeling_layer: { contextual_layer: 4, output_elmo: 4 },
    span_end_encoder: { modeling_layer: 1 },
  },
  elmo_crf_tagger: function(model) {
    encoder: { token_vectors: 1 },
    feedforward: { encoder: 1, output_elmo: 1 },
  },
  elmo_esim: function(model) {
    encoder: { token_vectors: 1 },
  },
};

// Parts whose output must be as long as their input, which AllenNLP's models do not check everywhere.
local keep_length = { decomposable_attention: ['premise_encoder', 'hypothesis_encoder'] };

// The fields of a part that say how long its input is: the first of these that is there, or all of an attention's.
local input_fields = ['input_size', 'input_dim', 'embedding_dim'];
local attention_fields = ['matrix_1_dim', 'matrix_2_dim', 'matrix_dim', 'tensor_1_dim', 'tensor_2_dim', 'vector_dim'];
local without_sizes = ['cosine', 'dot_product', 'scaled_dot_product'];

// How much a part's output grows with its input: these types by so much, others not at all if they have such a field.
local follow_input = {
  bag_of_embeddings: 1,
  bidirectional_language_model_transformer: 2,
  boe: 1,
  cls_pooler: 1,
  max_pooling: 1,
  pass_through: 1,
  pytorch_transformer: 1,
  self_attentive: 1,
};
local output_fields = [
  'filters',
  'hidden_dim',
  'hidden_dims',
  'hidden_size',
  'num_filters',
  'output_dim',
  'output_dims',
  'output_projection_dim',
];

// Readers of two texts, of which the source alone gets ELMo.
local source_readers = ['cnn_dm', 'copynet_seq2seq', 'seq2seq'];
// Where these have no indexers for the target they take the source's.
local sharing_readers = ['cnn_dm', 'seq2seq'];

local default_indexers = { tokens: { type: 'single_id' } };
local indexer = { type: 'elmo_character_ids' };

// By the shape in their names, how long the vectors of published biLMs are.
local published = { '2x1024_128': 256, '2x2048_256': 512, '2x4096_512': 1024 };

local dotted(path) = std.join('.', [std.toString(step) for step in path]);
// A part of a config that has a type alone may be just its name.
local type_of(part) = if std.isString(part) then part else get(part, 'type');

// `value` with edits made, each a { path: keys and indices, change: function of what stands there }. The first `depth`
// steps of their paths lead to `value`.
local edited(value, edits, depth=0) =
  local below(key) = [edit for edit in edits if std.length(edit.path) > depth && edit.path[depth] == key];
  local inner = if std.length(edits) == 0 then value
  else if std.isObject(value)
  then { [key]: edited(value[key], below(key), depth + 1) for key in std.objectFields(value) }
  else if std.isArray(value) then std.mapWithIndex(function(index, item) edited(item, below(index), depth + 1), value)
  else value;
  local here = [edit for edit in edits if std.length(edit.path) == depth];
  std.foldl(function(so_far, edit) edit.change(so_far), here, inner);

// The paths in `value` at which `holds` is true.
local paths_where(value, holds, path=[]) =
  (if holds(value) then [path] else []) + (
    if std.isObject(value)
    then std.flattenArrays([paths_where(value[key], holds, path + [key]) for key in std.objectFields(value)])
    else if std.isArray(value)
    then std.flattenArrays(std.mapWithIndex(function(index, item) paths_where(item, holds, path + [index]), value))
    else []
  );

// Readers

local with_indexer(reader, name, place) =
  local fields = [
    field
    for field in std.objectFields(reader)
    if (field == 'token_indexers' || std.endsWith(field, '_token_indexers')) && field != 'target_token_indexers'
  ];
  local default_field =
    if std.member(source_readers, type_of(reader)) then 'source_token_indexers' else 'token_indexers';
  local given(field) =
    local indexers = get(reader, field);
    if indexers == null || indexers == {} then default_indexers else indexers;
  reader
  + {
    [field]:
      if std.objectHas(given(field), name)
      then error place + '.' + field + ' has an indexer called "' + name + '" already.'
      else given(field) { [name]: indexer }
    for field in if fields == [] then [default_field] else fields
  }
  + (
    if std.member(sharing_readers, type_of(reader)) && get(reader, 'target_token_indexers') == null
    then { target_token_indexers: given('source_token_indexers') } else {}
  );

local with_indexers(given, name, place) =
  local reader = if std.isString(given) then { type: given } else given;
  if !std.isObject(reader) then error place + ' is no dataset reader but ' + std.type(reader) + '.'
  else if std.objectHas(reader, 'base_reader')
  then reader { base_reader: with_indexers(reader.base_reader, name, place + '.base_reader') }
  else if std.isObject(get(reader, 'readers'))
  then reader {
    readers: std.mapWithKey(function(key, inner) with_indexers(inner, name, place + '.readers.' + key), reader.readers),
  }
  else with_indexer(reader, name, place);

// Sizes

// An edit that adds `growth` to the number at `path`.
local raise(path, growth) = {
  path: path,
  change(value)::
    if !std.isNumber(value) then error dotted(path) + ' cannot be raised: it is no number but ' + value + '.'
    else if std.floor(value + growth) != value + growth
    then error dotted(path) + ' would be ' + (value + growth) + ', which is not a whole number.'
    else value + growth,
};

// How much longer a part's output is, where its input is longer by `growth`; null if that is not known.
local output_growth(part, growth) =
  if part == null || growth == 0 || growth == null then growth
  else if type_of(part) == 'compose'
  then std.foldl(function(so_far, encoder) output_growth(encoder, so_far), part.encoders, growth)
  else if std.objectHas(follow_input, std.toString(type_of(part))) then growth * follow_input[type_of(part)]
  else if type_of(part) == 'feedforward' || [field for field in output_fields if get(part, field) != null] != [] then 0
  else null;

// The edits that make the part at `path` take an input that is longer by `growth`.
local part_edits(part, path, growth, sizes_itself) =
  local type = type_of(part);
  local there(fields) = [field for field in fields if get(part, field) != null];
  local attention = there(attention_fields);
  local input = there(input_fields)[:1];
  local encoders = get(part, 'encoders');
  if part == null || growth == 0 || std.member(without_sizes, type) then []
  else if growth == null
  then error 'How much longer the input of ' + dotted(path) + ' must be is not known, because the output of what comes '
             + 'before it follows ELMo in a way that is not known: name all fields to be raised in sizes.'
  else if type == 'gated-cnn-encoder'
  then error dotted(path) + ' is a "gated-cnn-encoder", whose layers must be as wide as its input: what they are to be '
             + 'with ELMo is yours to say. Change it by hand, and name all other fields to be raised in sizes.'
  else if type == 'compose'
  then std.flattenArrays([
    part_edits(
      encoders[index],
      path + ['encoders', index],
      std.foldl(function(so_far, encoder) output_growth(encoder, so_far), encoders[:index], growth),
      sizes_itself,
    )
    for index in std.range(0, std.length(encoders) - 1)
  ])
  else if type == 'feedforward' then part_edits(part.feedforward, path + ['feedforward'], growth, sizes_itself)
  else if attention + input != [] then [raise(path + [field], growth) for field in attention + input]
  else if sizes_itself then []
  else error dotted(path) + ' must take an input that is longer by ' + growth + ', and has none of the fields '
             + std.join(', ', input_fields) + ': name all fields to be raised in sizes.';

// The edits to a model of a known type. `growths`: how much longer are what the table calls token_vectors and
// output_elmo.
local model_edits(model, growths) =
  local own = std.objectHas(own_models, model.type);
  local table = if own then own_models[model.type](model) else models[model.type];
  local input_growth(name) =
    std.foldl(
      function(so_far, source)
        local one = if std.objectHas(growths, source) then growths[source]
        else output_growth(get(model, source), input_growth(source));
        if so_far == null || one == null then null else so_far + table[name][source] * one,
      std.objectFields(table[name]),
      0
    );
  local changed = [
    name
    for name in std.get(keep_length, model.type, [])
    if output_growth(get(model, name), growths.token_vectors) != growths.token_vectors
  ];
  if changed != []
  then error 'model.' + changed[0] + ' must give vectors as long as those it takes, and with ELMo these are longer by '
             + growths.token_vectors + ': name all fields to be raised in sizes, such as "model.' + changed[0]
             + '.input_size" and, of two directions, "model.' + changed[0] + '.hidden_size:0.5".'
  else if model.type == 'simple_seq2seq' && get(model, 'target_pretrain_file') != null
          && get(model, 'target_embedding_dim') == null
  then error 'model.target_embedding_dim is not given, so it would grow with the source and no longer fit '
             + 'model.target_pretrain_file: give it.'
  else std.flattenArrays([
    part_edits(get(model, name), ['model', name], input_growth(name), own)
    for name in std.objectFields(table)
  ]);

// The edits to the fields that a user names: 'model.encoder.input_size', or 'model.feedforward.input_dim:3' for a field
// that grows three times as much.
local named_edits(config, sizes, growth) =
  local made_of(text, characters) =
    text != '' && std.all([std.member(characters, one) for one in std.stringChars(text)]);
  local step(so_far, key) =
    local index = if std.isArray(so_far.value) && made_of(key, '0123456789') then std.parseInt(key) else null;
    local keys = if std.isObject(so_far.value) then std.objectFields(so_far.value)
    else if std.isArray(so_far.value) then std.range(0, std.length(so_far.value) - 1)
    else [];
    local found = if index == null then key else index;
    if !std.member(keys, found)
    then error 'There is no "' + key + '" in ' + (if so_far.path == [] then 'the config' else dotted(so_far.path))
               + ', only: ' + std.join(', ', [std.toString(name) for name in keys]) + '.'
    else { path: so_far.path + [found], value: so_far.value[found] };
  if !std.isArray(sizes) then error 'sizes must be a list of fields, and is ' + std.type(sizes) + '.'
  else [
    local parts = std.split(size, ':') + ['1'];
    if std.length(parts) > 3 || !made_of(parts[1], '0123456789.')
    then error 'sizes has "' + size + '"; each must be the path of a field, after which ":3" may say how many times '
               + 'over it grows.'
    else
      local found = std.foldl(step, std.split(parts[0], '.'), { path: [], value: config });
      raise(found.path, growth * std.parseJson(parts[1]))
    for size in sizes
  ];

// growth: how much longer the vectors are with ELMo. place: where it is in our own models; others have it at the input.
local size_edits(config, sizes, growth, place) =
  local type = std.toString(type_of(config.model));
  local growths = {
    token_vectors: if place == 'output' then 0 else growth,
    output_elmo: if place == null || place == 'input' then 0 else growth,
  };
  if sizes != null then named_edits(config, sizes, growth)
  else if std.objectHas(models + own_models, type) then model_edits(config.model, growths)
  else error 'What follows the token vectors of the model "' + type + '" is not known, only that of '
             + std.join(', ', std.objectFields(models + own_models)) + '. Name the fields to be raised by ' + growth
             + ' in sizes, such as "model.encoder.input_size"; an empty list if there is none.';

// Embedders

local is_own(config) = std.objectHas(own_models, std.toString(type_of(config.model)));

// How long the vectors of a biLM are.
local bilm_dim(bilm) =
  if std.isObject(bilm) && !std.objectHas(bilm, 'dim')
  then error 'A biLM that is given by its files needs "dim" too, the length of its vectors: twice the projection_dim '
             + 'in its options file.'
  else bilms.dim(bilm);

local text_fields(config) = paths_where(config.model, function(value) std.isObject(get(value, 'token_embedders')));

local at(value, path) = std.foldl(function(so_far, key) so_far[key], path, value);

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
  else if bilm == null && file == null then bilms.dim('original')
  else if shapes != [] then published[shapes[0]]
  else error 'How long the vectors are of the ELMo that is replaced is not known: give old_dim (--old-dim), twice the '
             + 'projection_dim in its options file.';

local replaced_embedder(old, bilm, parameters, own) =
  local files = if bilm != null then { bilm: bilms.files(bilm) }
  else if get(old, 'options_file') == null && get(old, 'bilm') == null then { bilm: 'original' }
  else {};
  local gone = if bilm != null then ['options_file', 'weight_file'] else [];
  std.foldl(std.objectRemoveKey, gone, old)
  + (if own then {} else { type: 'elmo' }) + files + parameters;

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

local added(config, bilm, sizes, parameters) =
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
    { path: [field], change(reader):: with_indexers(reader, name, field) }
    for field in ['dataset_reader', 'validation_dataset_reader']
    if get(config, field) != null
  ];
  if old != []
  then error 'There is ELMo already, at model.' + dotted(old[0]) + '. To have our embedder or another biLM in its '
             + 'place say replace=true (--replace).'
  else if get(config, 'dataset_reader') == null
  then error 'This is no config of an experiment: it has no "dataset_reader".'
  else
    edited(config, embedder_edits + reader_edits + size_edits(config, sizes, growth, get(parameters, 'place')));

local replaced(config, bilm, sizes, old_dim, parameters) =
  local paths = elmo_paths(config);
  local replacement(path) = replaced_embedder(at(config.model, path), bilm, parameters, path == ['elmo']);
  local growth_at(path) =
    local old = at(config.model, path), new = replacement(path);
    if bilm == null && get(old, 'projection_dim') == get(new, 'projection_dim') then 0
    else embedder_dim(new, if bilm == null then old_dim else bilm_dim(bilm)) - embedder_dim(old, old_dim);
  local growths = [growth_at(path) for path in paths if growth_at(path) != 0];
  local place = if paths == [['elmo']] then get(replacement(['elmo']), 'place');
  if paths == [] then error 'There is no ELMo to be replaced in the model.'
  else if std.all([replacement(path) == at(config.model, path) for path in paths])
  then error 'model.' + dotted(paths[0]) + ' is what it would be replaced by already.'
  else if std.length(growths) > 0 && std.length(paths) > 1
  then error 'There are several ELMo embedders (' + std.join(', ', ['model.' + dotted(path) for path in paths])
             + ') and their length changes; what follows which is not known. Replace them by hand.'
  else
    edited(
      config,
      [{ path: ['model'] + path, change(old):: replacement(path) } for path in paths]
      + (if growths == [] then [] else size_edits(config, sizes, growths[0], place)),
    );

{
  // config: any AllenNLP config.
  // bilm: a name from bilms.libsonnet, or { options_file: ..., weight_file: ..., dim: ... }; 'mini' by default.
  // replace: whether ELMo that is there (stock's `elmo_token_embedder`, or ours) is to be replaced by our embedder. It
  //   keeps its files and parameters; with `bilm`, it gets that biLM, and sizes change by the difference.
  // sizes: for models that are not in the table above, the fields to be raised: ['model.encoder.input_size']. With
  //   'model.feedforward.input_dim:3' a field grows three times as much. They are then the only ones.
  // old_dim: how long the vectors of the replaced biLM are, where its name does not tell.
  // parameters: further ones of the embedder, such as { dropout: 0.5 }, or of `model.elmo` of this project's own
  //   models, such as { place: 'both' }.
  add(config, bilm=null, replace=false, sizes=null, old_dim=null, parameters={})::
    if replace then replaced(checked(config), bilm, sizes, old_dim, parameters)
    else added(checked(config), if bilm == null then 'mini' else bilm, sizes, parameters),
}
