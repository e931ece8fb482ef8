"""What tests share: a clock that stands still, a PostgreSQL server, and the rule against skips."""
