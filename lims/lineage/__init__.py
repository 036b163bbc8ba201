"""The chain of traceability both ways, from any standard, device or certificate, with what was measured counted."""
