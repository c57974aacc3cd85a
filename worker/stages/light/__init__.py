"""The correction of exposure, contrast and colour casts."""

from worker.stages.light.correction import light

__all__ = ["light"]
