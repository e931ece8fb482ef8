"""kill -9 at each step of each operation; then a fresh process opens the store and looks.

``python -m tests.faults.kill --operation grant --level statement|syscall`` runs one operation at
full size and prints what was found as JSON.
"""
