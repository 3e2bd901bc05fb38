"""The chain map and the standard of industries: nodes, supply links, presence in a zone."""
