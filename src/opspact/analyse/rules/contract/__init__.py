"""Rules about the contract as a whole: references, and commitments that a change reduces."""
