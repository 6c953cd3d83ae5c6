"""Rules about emergencies and runbooks."""
