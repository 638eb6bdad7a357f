"""Resampling where a row may have several labels at once: rows repeated, removed or made, label sets with them."""
