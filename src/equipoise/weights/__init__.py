"""Class and row weights: how much each row counts in training."""

from equipoise.weights.density import dense_weights, lds_weights
from equipoise.weights.given import parse_given
from equipoise.weights.labels import element_weights, pos_weights
from equipoise.weights.offsets import weight_offset
from equipoise.weights.relevance import Relevance
from equipoise.weights.schemes import SCHEMES, class_weights, count_weights, sample_weights

__all__ = [
    "SCHEMES",
    "Relevance",
    "class_weights",
    "count_weights",
    "dense_weights",
    "element_weights",
    "lds_weights",
    "parse_given",
    "pos_weights",
    "sample_weights",
    "weight_offset",
]
