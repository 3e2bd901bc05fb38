"""What the stack is compared with: simple rules, text search, and factorisations as published."""
