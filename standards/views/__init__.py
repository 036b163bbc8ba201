"""Pages of measurement standards, devices and procedures."""
