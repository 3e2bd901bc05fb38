"""The HTTP API: the app, its layers and routes, what comes in and what goes out."""
