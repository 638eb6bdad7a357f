"""How training starts and changes over time: first bias, batch samplers, phases, the last layer."""

from equipoise.extras import load_extra

load_extra("torch", "torch", "equipoise.schedules")

from equipoise.schedules.layers import last_layer  # noqa: E402
from equipoise.schedules.start import LayerStart, start_at_prior  # noqa: E402

__all__ = ["LayerStart", "last_layer", "start_at_prior"]
