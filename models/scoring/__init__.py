"""From factors to scores: scale, weights, fit, probability."""
