# somebody else's project
