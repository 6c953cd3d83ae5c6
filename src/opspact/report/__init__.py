"""Say it: terminal, Markdown, JSON, JUnit.

In: findings, plans, results. Out: text. May not: change anything.
"""
