"""Scoring enterprises for needs: factors, blend, ranker, and fitted models on disk."""
