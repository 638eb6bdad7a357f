"""Class and row weights: how much each row counts in training."""

from equipoise.weights.schemes import SCHEMES, class_weights, parse_given, sample_weights

__all__ = ["SCHEMES", "class_weights", "parse_given", "sample_weights"]
