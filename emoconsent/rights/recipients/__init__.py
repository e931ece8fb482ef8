"""Recipients: who else was given something about a person, and telling them what became of it."""
