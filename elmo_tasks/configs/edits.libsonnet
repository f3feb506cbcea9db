// Reading and changing a config whose form is not known beforehand.

// A field's value; null where there is none.
local get(value, key) = if std.isObject(value) then std.get(value, key) else null;

local at(value, path) = std.foldl(function(so_far, key) so_far[key], path, value);

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

{
  get:: get,
  at:: at,
  dotted:: dotted,
  type_of:: type_of,
  edited:: edited,
  paths_where:: paths_where,
}
