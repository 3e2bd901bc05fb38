"""A module a step; each says which one it follows."""
