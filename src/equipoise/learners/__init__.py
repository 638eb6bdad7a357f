"""Learners: one file each, one small protocol (:mod:`equipoise.learners.base`)."""
