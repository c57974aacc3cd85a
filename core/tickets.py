"""What a person is told about a job in the queue."""

from dataclasses import dataclass

from core.jobs import Progress


@dataclass(frozen=True)
class Ticket:
    """Where a job stands: `place` counts from 1, 0 once it runs; `seconds` is a rough guess.

    A place can become a later one: whoever has fewer photos in the lab comes first.
    """

    job: str
    place: int
    seconds: float
    progress: Progress | None = None
    known: bool = False

    @property
    def running(self) -> bool:
        """Whether a worker has it."""
        return self.place == 0
