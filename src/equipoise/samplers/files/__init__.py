"""Resampling from file to file: by a lazy query where a method allows it, else in memory."""

from __future__ import annotations

from equipoise.samplers.files.outcome import ResampledFile
from equipoise.samplers.files.queries import SUFFIXES
from equipoise.samplers.files.resampling import resample_file

__all__ = ["SUFFIXES", "ResampledFile", "resample_file"]
