"""A transparency log in the C2SP formats (tlog-tiles, signed-note, tlog-checkpoint, tlog-cosignature, tlog-witness, tlog-proof).

Plain Python over bytes: the stand-alone verifier carries this package. Only `note` needs `cryptography`, for Ed25519.
Source of the formats: https://c2sp.org, snapshot of 2026-07-22; of the tree: RFC 6962 section 2.1 and RFC 9162 section 2.1.
"""
