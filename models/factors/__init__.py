"""The factors of the ranking, each in a module, and what they are computed from."""
