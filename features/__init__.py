"""What the project knows: tables, the chain map, and how profiles and needs become numbers."""
