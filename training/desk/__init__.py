"""What the analysts' desk shows: tables, plots and maps, made here so that notebooks only call."""
