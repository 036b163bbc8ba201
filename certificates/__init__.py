"""Certificates: what leaves the institute."""
