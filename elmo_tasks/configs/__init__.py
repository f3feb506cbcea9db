"""The jsonnet libraries that users import, what is done with them from Python, and how an old config is known."""
