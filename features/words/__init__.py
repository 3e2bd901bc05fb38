"""Words of products and activities: normal forms, the thesaurus, and what a need means by them."""
