"""Data and features: tables, the chain map, and the feature space of profiles and needs."""
