"""The documents that policies are written as, one module per kind.

In: plain data from the YAML reader, through `read`. Out: frozen pydantic models.
May not: know about each other's names; references are resolved by the model layer.
"""
