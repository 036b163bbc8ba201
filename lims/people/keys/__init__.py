"""Personal signing keys: P-256 keys, certificates of the institute's persons' authority, compact JWS over record facts.

Plain Python and `cryptography`, no Django: the stand-alone verifier carries `errors`, `jws`, `acts`, `certificates` and `revocations`.

A signature is a JWS in compact form (RFC 7515), ES256 (RFC 7518, 3.4), with the signer's certificate in the header (`x5c`):
    {"alg":"ES256","typ":"lims-act+jws","x5c":[…]}
Its payload is canonical JSON (lims.core.canonical) and says who did what to which record at what time (`acts`).
"""
