"""The officials' console: pages rendered on the server, under /console."""
