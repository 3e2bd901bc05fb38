"""Words of a need from a language model."""
