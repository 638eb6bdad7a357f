"""Pieces that fit into other libraries: objectives for LightGBM, the Trainer of Hugging Face."""
