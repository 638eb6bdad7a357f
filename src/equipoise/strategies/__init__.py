"""Strategies: named fillings of the six slots, and the catalogue of them."""

from __future__ import annotations

from equipoise.strategies.catalogue import CATALOGUE, find_strategies, get_strategy
from equipoise.strategies.resampling import Rows
from equipoise.strategies.strategy import Strategy, Weights

__all__ = ["CATALOGUE", "Rows", "Strategy", "Weights", "find_strategies", "get_strategy"]
