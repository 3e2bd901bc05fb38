"""Projects from first talk to production: plain functions that take the rights of a caller."""
