"""Fitted models and prepared pools on disk."""
