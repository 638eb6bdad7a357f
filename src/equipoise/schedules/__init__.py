"""How training starts and changes over time: first bias, batch samplers, phases, the last layer."""

from equipoise.extras import load_extra

load_extra("torch", "torch", "equipoise.schedules")

from equipoise.schedules.batches import BalancedBatchSampler
from equipoise.schedules.head import (
    HeadTraining,
    head_features,
    retrain_head,
)
from equipoise.schedules.layers import last_layer
from equipoise.schedules.phases import (
    DeferredReweighting,
    Schedule,
    TwoPhase,
)
from equipoise.schedules.samplers import (
    ClassAwareSampler,
    DynamicSampler,
    RepeatFactorSampler,
)
from equipoise.schedules.scaling import learn_scales, tau_normalise
from equipoise.schedules.start import LayerStart, start_at_prior

__all__ = [
    "BalancedBatchSampler",
    "ClassAwareSampler",
    "DeferredReweighting",
    "DynamicSampler",
    "HeadTraining",
    "LayerStart",
    "RepeatFactorSampler",
    "Schedule",
    "TwoPhase",
    "head_features",
    "last_layer",
    "learn_scales",
    "retrain_head",
    "start_at_prior",
    "tau_normalise",
]
