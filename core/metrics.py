"""What a process counts of its own work, for Prometheus.

No label tells a person, a chat, a file or a job: `LABELS` has all there are. Each process counts
from its own start; what the whole lab has in Redis is read in `core.backlog`.
"""

import time

from prometheus_client import Counter, Gauge, Histogram

from core.jobs import Enhanced, Reply

LABELS = frozenset({"platform", "outcome", "cause", "stage", "model", "device", "kind"})
"""Every label of a metric of Darkroom's."""
FAULTS = (
    "unexpected",
    "given_up",
    "lost",
    "too_slow",
    "memory",
    "model",
    "blob_missing",
    "service_down",
    "other_version",
)
"""Causes of failure that lie with the lab and not with the photo or its sender."""

_WAITS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600)
_WORK = (0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1200)

WAIT = Histogram(
    "darkroom_wait_seconds",
    "From a request's arrival until a worker begins it for the first time.",
    buckets=_WAITS,
)
STAGE = Histogram(
    "darkroom_stage_seconds",
    "Time at work in one stage of a photo, by the model that it ran, if any.",
    ("stage", "model"),
    buckets=_WORK,
)
PHOTO = Histogram(
    "darkroom_photo_seconds",
    "Time at work on a photo that was enhanced, opening and saving included, waiting left out.",
    buckets=_WORK,
)
PHOTOS = Counter(
    "darkroom_photos_total",
    "Photos answered: enhanced, or failed by cause.",
    ("outcome", "cause"),
)
REFUSALS = Counter(
    "darkroom_refusals_total",
    "Requests that were turned down before they reached the queue, by cause.",
    ("cause",),
)
ATTEMPTS = Counter(
    "darkroom_delivery_attempts_total",
    "Attempts to hand an answer to its platform.",
    ("platform",),
)
DELIVERIES = Counter(
    "darkroom_deliveries_total",
    "Answers delivered, put off since something could not be reached (later), or given up (dead).",
    ("platform", "outcome"),
)
DELIVERY = Histogram(
    "darkroom_delivery_seconds",
    "From a published answer until its platform has taken it.",
    ("platform",),
    buckets=_WAITS,
)
GPU_MEMORY = Gauge(
    "darkroom_gpu_memory_bytes",
    "Memory of the GPU: used by this worker's tensors, reserved by this worker, total.",
    ("device", "kind"),
)

# Prometheus sees no increase in a series that begins with its first failure.
PHOTOS.labels("enhanced", "")
for _cause in FAULTS:
    PHOTOS.labels("failed", _cause)


def platform_label(platform: str) -> str:
    """A platform as a label: each command line is a platform of its own, here they are one."""
    return platform.partition("-")[0]


def begun(created: float) -> None:
    """A job that was made at `created` (Unix seconds) is begun for the first time."""
    WAIT.observe(max(0.0, time.time() - created))


def answered(reply: Reply) -> None:
    """A job's reply was published by this process."""
    for result in reply.results:
        if isinstance(result, Enhanced):
            PHOTOS.labels("enhanced", "").inc()
            PHOTO.observe(result.seconds)
        else:
            PHOTOS.labels("failed", result.code).inc()


def attempted(platform: str) -> None:
    """An answer is about to be handed to its platform."""
    ATTEMPTS.labels(platform_label(platform)).inc()


def undelivered(platform: str, outcome: str) -> None:
    """An answer was put off (`later`) or given up (`dead`)."""
    DELIVERIES.labels(platform_label(platform), outcome).inc()


def delivered(platform: str, entry: str) -> None:
    """A platform has taken an answer; `entry` is its id in the stream, which holds its time."""
    label = platform_label(platform)
    DELIVERIES.labels(label, "delivered").inc()
    DELIVERY.labels(label).observe(max(0.0, time.time() - int(entry.partition("-")[0]) / 1000))
