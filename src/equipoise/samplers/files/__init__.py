"""Resampling from file to file, of any size."""
