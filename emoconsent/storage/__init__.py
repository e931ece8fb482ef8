"""Rows and SQL: the only package that knows SQLAlchemy. Implements the ports of the packages above."""
