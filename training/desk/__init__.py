"""Tables, plots and maps of the analysts' notebooks, which contain calls only."""
