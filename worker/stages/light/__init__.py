"""Exposure, contrast and colour casts: what a photo needs, and the correction."""

from worker.stages.light.correction import light
from worker.stages.light.need import Fault, LightNeed, need, reason

__all__ = ["Fault", "LightNeed", "light", "need", "reason"]
