"""Files: read in one way, compressed or not, and written whole or not at all."""

from elmo_tasks.files.compressed import open_bytes
from elmo_tasks.files.json_text import JSONError, parse_json, read_object
from elmo_tasks.files.paths import begins_with, check_is_file, check_own, ending, named_files, same_content, sha256
from elmo_tasks.files.texts import byte_lines, decoded, one_line, read_bytes, read_lines, read_text, text_lines
from elmo_tasks.files.whole import DiskFullError, full_disk_told, writing

__all__ = [
    "DiskFullError",
    "JSONError",
    "begins_with",
    "byte_lines",
    "check_is_file",
    "check_own",
    "decoded",
    "ending",
    "full_disk_told",
    "named_files",
    "one_line",
    "open_bytes",
    "parse_json",
    "read_bytes",
    "read_lines",
    "read_object",
    "read_text",
    "same_content",
    "sha256",
    "text_lines",
    "writing",
]
