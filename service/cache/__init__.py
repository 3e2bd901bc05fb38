"""Answers kept in the process and in Redis, and the way to Redis."""
