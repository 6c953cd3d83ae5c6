"""Rules about the desk: service levels, deadlines, ladders."""
