"""Engines in service: loading, replacing, preparing ahead, following a store."""
