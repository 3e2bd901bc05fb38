"""Serving: API, console, cache, database, command line."""
