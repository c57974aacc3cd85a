import os
import select
import signal
import subprocess
import sys

import pytest

CODE = """
import subprocess, sys, time
from core.process import bound_to_parent
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                         preexec_fn=bound_to_parent())
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_child_does_not_outlive_a_killed_parent_and_has_its_own_session() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        watch = os.pidfd_open(child)
        assert os.getsid(child) == child
        parent.send_signal(signal.SIGKILL)
    ended, _, _ = select.select([watch], [], [], 10)
    os.close(watch)
    assert ended
