"""Who is on duty: rotations, shifts, gaps, balance, and what a change of the policies changes."""
