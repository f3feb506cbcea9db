// The input sizes in AllenNLP's models, where their token vectors become longer.
local edits = import 'edits.libsonnet';
local get = edits.get, type_of = edits.type_of, dotted = edits.dotted;

// Which part of a model reads which, and how many times over: coref's antecedent_feedforward reads two spans and their
// product, and a span is made of a token vector and of two outputs of the context_layer. A part that a config leaves
// out passes on what it would have read. 'token_vectors' stands for the text field embedder.
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
local part_edits(part, path, growth) =
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
    )
    for index in std.range(0, std.length(encoders) - 1)
  ])
  else if type == 'feedforward' then part_edits(part.feedforward, path + ['feedforward'], growth)
  else if attention + input != [] then [raise(path + [field], growth) for field in attention + input]
  else error dotted(path) + ' must take an input that is longer by ' + growth + ', and has none of the fields '
             + std.join(', ', input_fields) + ': name all fields to be raised in sizes.';

// The edits to a model of a known type whose token vectors are longer by `growth`.
local model_edits(model, growth) =
  local table = models[model.type];
  local input_growth(name) =
    std.foldl(
      function(so_far, source)
        local one = if source == 'token_vectors' then growth
        else output_growth(get(model, source), input_growth(source));
        if so_far == null || one == null then null else so_far + table[name][source] * one,
      std.objectFields(table[name]),
      0
    );
  local changed = [
    name
    for name in std.get(keep_length, model.type, [])
    if output_growth(get(model, name), growth) != growth
  ];
  if changed != []
  then error 'model.' + changed[0] + ' must give vectors as long as those it takes, and with ELMo these are longer by '
             + growth + ': name all fields to be raised in sizes, such as "model.' + changed[0]
             + '.input_size" and, of two directions, "model.' + changed[0] + '.hidden_size:0.5".'
  else if model.type == 'simple_seq2seq' && get(model, 'target_pretrain_file') != null
          && get(model, 'target_embedding_dim') == null
  then error 'model.target_embedding_dim is not given, so it would grow with the source and no longer fit '
             + 'model.target_pretrain_file: give it.'
  else std.flattenArrays([
    part_edits(get(model, name), ['model', name], input_growth(name))
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

{
  // The edits to the config of a model of AllenNLP's whose token vectors are longer by `growth`.
  of_stock_model(model, growth)::
    local type = std.toString(type_of(model));
    if std.objectHas(models, type) then model_edits(model, growth)
    else error 'What follows the token vectors of the model "' + type + '" is not known, only that of '
               + std.join(', ', std.objectFields(models)) + '. Name the fields to be raised by ' + growth
               + ' in sizes, such as "model.encoder.input_size"; an empty list if there is none.',

  // The edits to the fields that a user names, and to no others.
  named:: named_edits,
}
