"""Who may call: keys, rights, limits, and refused requests for the audit log."""
