"""The engine that answers queries, its parts, and the loading and rollout of versions."""
