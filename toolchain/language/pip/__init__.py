"""Stands in for pip where the Python language host runs it: see ``__main__``."""
