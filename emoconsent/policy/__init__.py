"""What no consent allows, and from which age consent counts: as data."""
