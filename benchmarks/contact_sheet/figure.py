"""What a detector found."""

from dataclasses import dataclass

from worker.imaging.photo import Box

__all__ = ["Figure"]


@dataclass(frozen=True)
class Figure:
    """One measured figure and what it may be at most; `place` is where, in pixels of the result."""

    name: str
    value: float
    unit: str
    limit: float
    place: Box | None = None

    @property
    def flawed(self) -> bool:
        """Whether this is a flaw."""
        return self.value > self.limit

    def __str__(self) -> str:
        return f"{self.name}: {self.value:.2g} {self.unit}"
