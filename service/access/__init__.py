"""Access: keys, rights, rate limits, and refused requests for the audit log."""
