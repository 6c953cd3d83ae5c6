"""What each kind of policy means: one file per kind, frozen values."""
