"""Fan-out: recipients that misbehave, workers that die, and what of it reaches whom."""
