"""What is known of enterprises: profiles, traits, signals, past deals, duplicates."""
