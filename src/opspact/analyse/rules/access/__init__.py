"""Rules about access, confidentiality and secrets."""
