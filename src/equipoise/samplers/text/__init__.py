"""Augmentation of texts: columns in and out, changes of wording, and the thesaurus behind them."""
