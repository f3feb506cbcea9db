// ELMo's token indexer in dataset readers of any kind.
local edits = import 'edits.libsonnet';
local get = edits.get, type_of = edits.type_of;

// Readers of two texts, of which the source alone gets ELMo.
local source_readers = ['cnn_dm', 'copynet_seq2seq', 'seq2seq'];
// Where these have no indexers for the target they take the source's.
local sharing_readers = ['cnn_dm', 'seq2seq'];

local default_indexers = { tokens: { type: 'single_id' } };

local with_indexer(reader, name, indexer, place) =
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

local with_indexers(given, name, indexer, place) =
  local reader = if std.isString(given) then { type: given } else given;
  if !std.isObject(reader) then error place + ' is no dataset reader but ' + std.type(reader) + '.'
  else if std.objectHas(reader, 'base_reader')
  then reader { base_reader: with_indexers(reader.base_reader, name, indexer, place + '.base_reader') }
  else if std.isObject(get(reader, 'readers'))
  then reader {
    readers: std.mapWithKey(
      function(key, inner) with_indexers(inner, name, indexer, place + '.readers.' + key), reader.readers
    ),
  }
  else with_indexer(reader, name, indexer, place);

{
  // A reader, whichever readers it holds, with an indexer, called `name`. place: where it stands, for errors.
  with_indexers:: with_indexers,
}
