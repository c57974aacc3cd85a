"""What became of every photo, read from what the platforms have shown."""

from collections import defaultdict
from dataclasses import dataclass, field
from statistics import median

ANSWERS = ("file", "sentence")
REFUSALS = ("said", "refused")


@dataclass(frozen=True)
class Event:
    """One thing that a platform has shown; `at` is in Unix seconds."""

    at: float
    kind: str
    origin: str
    message: str
    text: str
    process: str
    blind: bool

    @classmethod
    def of(cls, entry: str, fields: dict[str, str]) -> "Event":
        """The event of an entry in the platform's stream."""
        at = int(entry.partition("-")[0]) / 1000
        return cls(at, **(fields | {"blind": fields["blind"] == "1"}))  # type: ignore[arg-type]


@dataclass
class Photo:
    """One photo's way: when it was sent, and everything that was shown about it."""

    sent: float
    events: list[Event] = field(default_factory=list)

    @property
    def answers(self) -> list[Event]:
        """Every time that its answer was shown."""
        return [event for event in self.events if event.kind in ANSWERS]

    @property
    def answered(self) -> float | None:
        """When it was first answered, be it with a refusal at the door."""
        ends = [event.at for event in self.events if event.kind in (*ANSWERS, *REFUSALS)]
        return min(ends, default=None)

    @property
    def seen(self) -> int:
        """How many different answers the person sees: an edit that repeats itself is none."""
        answers = self.answers
        edited = {(event.message, event.text) for event in answers if event.message}
        return len(edited) + sum(not event.message for event in answers)

    @property
    def overwritten(self) -> bool:
        """Whether an answer had its place taken by a status text."""
        shown = [event for event in self.events if event.message]
        answered: set[str] = set()
        for event in shown:
            if event.kind in ANSWERS:
                answered.add(event.message)
            elif event.message in answered:
                return True
        return False

    def unexplained(self, outages: list[tuple[float, float]]) -> int:
        """Repetitions beyond the windows that are told.

        A repetition is explained if the platform took the first and did not say so, if another
        process sent it, or if Redis was away in between.
        """
        return sum(
            not first.blind
            and first.process == second.process
            and not any(down <= second.at and first.at <= up for down, up in outages)
            for first, second in zip(self.answers, self.answers[1:], strict=False)
        )


@dataclass(frozen=True)
class Hit:
    """One blow as it happened: whom, how, and from when to when."""

    name: str
    signal: str
    begun: float
    ended: float


@dataclass(frozen=True)
class Report:
    """The figures of one storm."""

    photos: dict[str, Photo]
    hits: list[Hit]
    idempotent: frozenset[str]
    keys_left: list[str]
    blobs_left: int
    blobs_swept: int
    seconds: float

    @property
    def lost(self) -> list[str]:
        """Photos that nobody answered."""
        return [name for name, photo in self.photos.items() if photo.answered is None]

    def twice(self, *, idempotent: bool) -> list[str]:
        """Photos whose person sees more than one answer, on one kind of platform."""
        return [
            name
            for name, photo in self.photos.items()
            if photo.seen > 1 and (name in self.idempotent) is idempotent
        ]

    @property
    def unexplained(self) -> list[str]:
        """Photos that came twice outside every window that is told."""
        outages = [(hit.begun, hit.ended) for hit in self.hits if hit.name == "valkey"]
        return [
            name
            for name, photo in self.photos.items()
            if photo.seen > 1 and photo.unexplained(outages)
        ]

    @property
    def overwritten(self) -> list[str]:
        """Photos whose answer was replaced by a status text."""
        return [name for name, photo in self.photos.items() if photo.overwritten]

    @property
    def recoveries(self) -> list[float]:
        """For each blow, seconds until all that was in the lab then had been answered.

        A blow that finds the lab empty has nothing to recover from.
        """
        found = []
        for hit in self.hits:
            waits = [
                photo.answered - hit.begun
                for photo in self.photos.values()
                if photo.answered is not None and photo.sent <= hit.begun < photo.answered
            ]
            found += [max(waits)] if waits else []
        return found

    @property
    def broken(self) -> dict[str, object]:
        """The promises that were not kept, with what shows it."""
        promises: dict[str, object] = {
            "lost": self.lost,
            "twice": self.twice(idempotent=True),
            "unexplained": self.unexplained,
            "overwritten": self.overwritten,
            "keys left": self.keys_left,
            "photos left": self.blobs_left,
        }
        return {name: found for name, found in promises.items() if found}

    def table(self) -> str:
        """The report as lines for people."""
        kinds: defaultdict[str, int] = defaultdict(int)
        for hit in self.hits:
            kinds[f"{hit.name.rstrip('0123456789-')} {hit.signal}"] += 1
        answered = [photo for photo in self.photos.values() if photo.answered is not None]
        waits = sorted(photo.answered - photo.sent for photo in answered if photo.answered)
        files = sum(any(e.kind == "file" for e in photo.answers) for photo in answered)
        statuses = sum(
            len({e.message for e in photo.events if e.message}) > 1 for photo in answered
        )
        told = sum(not photo.answers for photo in answered)
        both = sum(bool(p.answers) and any(e.kind in REFUSALS for e in p.events) for p in answered)
        recoveries = self.recoveries
        rows = {
            "photos": f"{len(self.photos)} in {self.seconds:.0f} s",
            "blows": ", ".join(f"{name} {count}" for name, count in sorted(kinds.items())),
            "lost": len(self.lost),
            "answered with a file": files,
            "answered with a sentence": len(answered) - files - told,
            "turned down at the door": told,
            "turned down at the door and answered": both,
            "answered twice, idempotent platform": len(self.twice(idempotent=True)),
            "answered twice, other platform": len(self.twice(idempotent=False)),
            "… outside the stated windows": len(self.unexplained),
            "answers overwritten": len(self.overwritten),
            "second status messages": statuses,
            "recovery, median and longest": (
                f"{median(recoveries):.1f} s, {max(recoveries):.1f} s" if recoveries else "–"
            ),
            "wait for the answer, median and longest": (
                f"{median(waits):.1f} s, {waits[-1]:.1f} s" if waits else "–"
            ),
            "left in Redis": ", ".join(self.keys_left) or "nothing",
            "photos left by killed processes, swept": self.blobs_swept,
            "left in the photo store": self.blobs_left,
        }
        width = max(map(len, rows))
        return "\n".join(f"{name:{width}}  {value}" for name, value in rows.items())
