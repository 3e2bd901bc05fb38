"""Data structures for large pools: compact arrays, many short texts, lookup in sorted arrays."""
