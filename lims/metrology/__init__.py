"""Measurement mathematics in pure Python: rounding, expressions, uncertainty, conformity. Imports nothing."""
