"""Rules about people: coverage, limits, fitness, numbers, changes of duty."""
