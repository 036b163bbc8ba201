"""The process that owns the serial ports of a bench: capture, evidence, durable outbox, upload. No Django."""

VERSION = "0.1"
