"""Where an enterprise or a zone is: divisions, names of places, addresses, seats."""
