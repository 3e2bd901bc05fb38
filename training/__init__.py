"""Training, evaluating and publishing models."""
