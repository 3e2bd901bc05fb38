"""The HTTP API: app, middleware, routes, requests and responses."""
