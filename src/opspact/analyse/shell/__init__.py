"""Commands read as a shell reads them: what they destroy, what they give away, which secrets they show."""
