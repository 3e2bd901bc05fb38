"""How a need and an enterprise become a score, and how a fitted model is kept."""
