"""Restores faces on an aligned crop and sets them back into the enlarged photo."""

from worker.stages.faces.pasting import paste
from worker.stages.faces.report import report
from worker.stages.faces.restoration import RestoredFace, restore
from worker.stages.faces.selection import in_front

__all__ = ["RestoredFace", "in_front", "paste", "report", "restore"]
