"""Callers against withdrawals, with real processes: who starts, stores or hands over too late?

``python -m tests.faults.race --subjects 2000 --database sqlite`` prints the table.
"""
