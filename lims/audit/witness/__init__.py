"""A small witness: runs where the institute's administrators have no say, and cosigns each head that continues the last.

Plain Python and `cryptography` only; `make witness` packs it into one file.
"""
