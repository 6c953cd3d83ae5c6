"""Strict YAML: the text of a file, nodes with their places, and the reader's complaints in words that help."""
