"""Adoption: policies for what hosts have already, written so that a person can review them.

In: sessions to hosts, the contract as it is. Out: texts of policies that verify finds kept, and what they cannot say.
Nothing on hosts is changed.
"""
