"""Tables: read from files, parsed, checked against their schemas and imported."""
