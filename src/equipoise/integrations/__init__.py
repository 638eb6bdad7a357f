"""Pieces that fit into other libraries: objectives for LightGBM."""
