"""Recipes that misbehave, each with the reason that its result has to give."""

from __future__ import annotations

from projects import DAEMON, SLEEP

from recordings.machine.workspace import GONE

LIMIT = "# sphinx_gallery_time_limit = 2\n"

KILLED = "killed by SIGKILL, maybe by the system for want of memory"

RECORDED = ""
"""The reason of those that misbehave and end well all the same."""

RUN = """
import tempfile
from pathlib import Path
run = Path(tempfile.gettempdir()).parent
"""
BAD = {
    "raises": ('raise ValueError("no such gradient")', "ValueError: no such gradient"),
    "exits": ("import sys\nsys.exit(0)", "it called sys.exit(0)"),
    "leaves": ("import os\nos._exit(0)", "ended without a result: exit status 0"),
    "aborts": ("import os\nos.abort()", "killed by SIGABRT"),
    "sleeps": (LIMIT + SLEEP, "took longer than 2 s"),
    "ignores_sigterm": (
        f"""{LIMIT}
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(40)
""",
        "took longer than 2 s",
    ),
    "holds_the_lock": (
        f"""{LIMIT}
import re
re.match("(a+)+$", "a" * 28 + "b")
""",
        "took longer than 2 s",
    ),
    "has_a_daemon": (
        """
import os, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        code = "import time; time.sleep(40)"
        os.execv(sys.executable, [sys.executable, "-c", code])
    os._exit(0)
os.wait()
""",
        RECORDED,
    ),
    "has_a_daemon_of_its_own_kind": (DAEMON, RECORDED),
    "has_children_that_outlive_it": (
        """
import os, signal, time
for _ in range(3):
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        time.sleep(40)
        os._exit(0)
""",
        RECORDED,
    ),
    "has_a_child_without_environment": (
        """
import subprocess, sys
code = "import time; time.sleep(40)"
subprocess.Popen([sys.executable, "-c", code, MARK], env={})
""",
        RECORDED,
    ),
    "prints": (
        'for _ in range(200):\n    print("x" * 2**20)',
        "OutputFlood: it printed more than 10,485,760 characters",
    ),
    "prints_past_python": (
        f"""
import os
for _ in range(200):
    os.write(2, b"x" * 2**20)
{SLEEP}
""",
        "printed more than 50 MiB",
    ),
    "fills_memory": (
        """
import time
kept = []
while True:
    kept.append(b"x" * 2**26)
    time.sleep(0.02)
""",
        "used more than 1 GiB of memory",
    ),
    "closes_stdout": ('import sys\nsys.stdout.close()\nprint("on")', RECORDED),
    "closes_descriptors": ('import os\nos.closerange(0, 99)\nprint("on")', RECORDED),
    "changes_directory": ('import os\nos.chdir("/")', RECORDED),
    "deletes_its_directory": (
        "import os, shutil\nshutil.rmtree(os.getcwd())",
        RECORDED,
    ),
    "sets_defaults": (
        'import decimal, os\ndecimal.DefaultContext.prec = 3\nos.environ["X"] = "y"',
        RECORDED,
    ),
    "leaves_a_thread": (
        "from threading import Thread, Event\nThread(target=Event().wait).start()",
        RECORDED,
    ),
    "raises_half_a_character": (
        r'raise ValueError("\ud800")',
        r"ValueError: \ud800",
    ),
    "prints_half_a_character": (r'print("\ud800", "\x00\x1b[31m")', RECORDED),
    "raises_what_is_no_text": (
        r'raise ValueError(b"\xff\xfe".decode("utf-8", "surrogateescape"))',
        r"ValueError: \udcff\udcfe",
    ),
    "shows_half_a_character": (
        """
class Odd:
    def _repr_html_(self):
        return "<b>\\ud800</b>"
Odd()
""",
        RECORDED,
    ),
    "writes_what_is_no_text": (
        'import os\nos.write(1, b"\\xff\\xfe\\x00")',
        RECORDED,
    ),
    "writes_what_is_no_text_by_python": (
        'import sys\nsys.stdout.buffer.write(b"\\xff")',
        "AttributeError: '_LoggingTee' object has no attribute 'buffer'",
    ),
    "cannot_say_what_it_raised": (
        """
class Odd(Exception):
    def __str__(self):
        raise RuntimeError
raise Odd
""",
        "Odd: <exception str() failed>",
    ),
    "exits_with_something_odd": (
        """
import sys
class Odd:
    def __repr__(self):
        raise RuntimeError
sys.exit(Odd())
""",
        "it called sys.exit(Odd)",
    ),
    "renames_its_directory": (
        "import pathlib\nhere = pathlib.Path.cwd()\nhere.rename(here.with_name('x'))",
        RECORDED,
    ),
    "deletes_all_copies": (
        "import pathlib, shutil\nshutil.rmtree(pathlib.Path.cwd().parents[2])",
        RECORDED,
    ),
    "has_a_link_in_place_of_its_folder": (
        """
import os, shutil
here, project = os.getcwd(), os.path.realpath("../../docs")
shutil.rmtree(here)
os.symlink(project, here)
""",
        RECORDED,
    ),
    "renames_what_holds_its_copy": (
        """
from pathlib import Path
top = next(it for it in Path.cwd().parents if it.name.startswith("recordings-"))
top.rename(top.with_name("elsewhere"))
""",
        RECORDED,
    ),
    "deletes_its_run": (
        f"{RUN}import shutil\nshutil.rmtree(run)",
        GONE,
    ),
    "renames_its_run": (
        f"{RUN}run.rename(run.with_name('elsewhere'))",
        GONE,
    ),
    "hangs_at_exit": (
        "import atexit, time\n_ = atexit.register(time.sleep, 40)",
        RECORDED,
    ),
    "has_no_memory": (
        """
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
b"x" * 2**32
""",
        "MemoryError",
    ),
    "kills_its_group": ("import os\nos.killpg(0, 9)", KILLED),
    "kills_itself": ("import os\nos.kill(os.getpid(), 11)", "killed by SIGSEGV"),
    "calls_itself_for_ever": (
        "def again():\n    again()\nagain()",
        "RecursionError: maximum recursion depth exceeded",
    ),
    "is_interrupted": (
        "raise KeyboardInterrupt",
        "KeyboardInterrupt; raised in FILE.py, line 8",
    ),
    "kills_its_parent": (
        f"import os\nos.kill(os.getppid(), 9)\n{SLEEP}",
        "its supervisor was killed",
    ),
    "kills_its_parent_and_has_a_daemon": (
        f"""
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        code = "import time; time.sleep(40)"
        os.execve(sys.executable, [sys.executable, "-c", code, MARK], {{}})
    os._exit(0)
os.wait()
os.kill(os.getppid(), 9)
{SLEEP}
""",
        "its supervisor was killed",
    ),
    "is_no_python": (
        "def gradient(:",
        "SyntaxError: invalid syntax (FILE.py, line 8)",
    ),
    "has_a_bad_limit": (
        '# sphinx_gallery_time_limit = "long"',
        "sphinx_gallery_time_limit must be a number above 0, not 'long'",
    ),
}
