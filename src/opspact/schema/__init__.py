"""What is written: strict YAML with places, read into pydantic documents.

In: a tree of files (path → bytes). Out: documents, each with the places of its fields, or Refused with all problems.
May not: touch the network or the clock, nor import any other layer but errors.
"""
