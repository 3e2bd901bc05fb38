"""Rankers to compare the stack with: simple rules, text search, and published factorisations."""
