"""Operators' procedures: steps with checks, approvals and a transcript.

In: runbooks and an operator. Out: transcripts. May not: import rollout or desk.

Empty until runbooks are built.
"""
