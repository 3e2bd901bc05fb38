"""Caching of answers in the process and in Redis, and connections to Redis."""
