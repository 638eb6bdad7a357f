"""Equipoise: find the imbalance, try the treatments honestly, say which to use."""

__version__ = "0.1.0"
