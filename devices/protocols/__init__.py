"""Wire protocols of measuring instruments as plain Python: bytes in, events out. Standard library only; no port, no clock."""

PARSER = "2"
"""Version of what turns bytes into readings. Raise it whenever the same bytes would give another value or quality: each
session stores it, and `manage.py rig reread` then lists every stored reading that would come out differently."""
