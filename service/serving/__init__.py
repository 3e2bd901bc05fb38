"""The engine that answers, what it answers with, and how versions of it come and go."""
