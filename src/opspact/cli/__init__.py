"""One file per command; main(argv) returns the exit code and holds the one broad except.

In: arguments. Out: an exit code. May not: hold logic.
"""
