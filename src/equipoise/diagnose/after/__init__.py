"""Checks of predictions, and of the model that made them."""
