"""Versions of a workspace: registry, rollout, and releases in a store."""
