"""How answers are served: API, cache, command line."""
