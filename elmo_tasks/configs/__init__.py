"""The jsonnet libraries that users import, and what is done with them from Python."""
