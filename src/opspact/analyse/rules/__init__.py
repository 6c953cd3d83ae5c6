"""The rules, by family. A new family is one folder and one line in `analyse.registry`."""
