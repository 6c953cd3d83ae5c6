"""The parts of a runbook's document: conditions, checks, actions, inputs, steps.

Comes in: mappings below `kind: runbook`. Goes out: frozen parts, registered in `documents.runbook`.
"""
