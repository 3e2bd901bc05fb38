"""Ranking a pool by shards, in workers or in hosts that keep them open."""
