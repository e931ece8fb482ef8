"""A thief has both stores, their log files and lock files, and no root key (promise G5)."""
