"""The stand-alone verifier: checks an exported log, and the proof that a certificate stands in it, without us.

Plain Python and `cryptography` only; `make verifier` packs it into one file.
"""
