"""What rows are written in: one class for each library, with the same methods."""
