"""Ranking the enterprises of a pool for a need, in full or in two stages."""
