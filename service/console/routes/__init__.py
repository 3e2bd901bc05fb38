"""Routes of the console, a module a page or a few that belong together."""
