"""Parsers of written values: a text goes in, a frozen value or a WrongValueError comes out."""
