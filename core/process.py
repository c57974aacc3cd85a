"""Child processes that never outlive the process that started them."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def bound_to_parent() -> Callable[[], None] | None:
    """A `preexec_fn` by which the child gets SIGTERM when its parent dies, even by SIGKILL.

    The child also gets a session of its own: Ctrl-C reaches the parent alone, which ends its
    children in order. Linux only (prctl(2)); elsewhere None. The kernel watches the *thread* that
    starts the child, so call from the main thread.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        os.setsid()

    return arrange


def end_with_parent() -> None:
    """Let this process be killed when the thread that started it ends; Linux only (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
