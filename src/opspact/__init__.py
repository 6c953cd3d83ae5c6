"""opspact: the maintenance contract, kept by code."""
