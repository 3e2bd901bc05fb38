"""Texts of profiles and needs as vectors: TF-IDF, topics, the space of sentence vectors."""
