"""The feature space: enterprises and needs as arrays."""
