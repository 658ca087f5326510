"""`python -m live`: serve the site, build on each change, record in the background."""

import argparse
import os
import shlex
import signal
import sys
from contextlib import suppress
from pathlib import Path

from watchfiles import watch

from building import forked
from editions.edition import editions
from live import server
from live.concerns import concerns
from live.state import State, say
from live.workers import Builder, Recorder

WATCHED = ("docs", "recipes", "locales", "pyproject.toml")
SHOWN = 3
"""Saved files that are named."""
SETTLED = 50
"""Milliseconds without another change after which what was saved is taken up."""


def main() -> int:
    """Serve until Ctrl-C; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m live", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--site", type=Path, default=Path("docs/_build/html"))
    parser.add_argument("--port", type=int, default=server.PORT)
    parser.add_argument("--record", type=shlex.split, help="command that records")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    forked.prepare(read=True)
    state, known = State(), editions(Path.cwd())
    builders = [Builder(state, each, options.site) for each in known]
    recorder = Recorder(state, options.record) if options.record else None
    _, address = server.start(options.site, state, options.port)
    say(f"{address} is the site, in {len(known)} languages; Ctrl-C ends it")
    workers = [*builders, *([recorder] if recorder else [])]
    for worker in workers:
        worker.ask()
    again = False
    with suppress(KeyboardInterrupt):
        again = _watch(builders, recorder)
    for worker in workers:
        worker.stop()
    if again:
        say("extensions changed: beginning anew")
        port = address.rpartition(":")[2]
        words = ["--site", str(options.site), "--port", port]
        if options.record:
            words += ["--record", shlex.join(options.record)]
        os.execv(  # noqa: S606 - this program, with the same words
            sys.executable, [sys.executable, "-m", "live", *words]
        )
    say("ended")
    return 0


def _watch(builders: list[Builder], recorder: Recorder | None) -> bool:
    """Ask for what each saved file makes necessary; return whether to begin anew."""
    here = Path.cwd().resolve()
    languages = [each.edition.language for each in builders]
    watched = [each for each in map(Path, WATCHED) if each.exists()]
    for changes in watch(*watched, debounce=2 * SETTLED, step=SETTLED):
        # A file may be named by a link to its folder, which the folder of an edition
        # holds; that the link was made is no change.
        found_at = (Path(path) for _, path in changes)
        files = {
            it.resolve() for it in found_at if not (it.is_symlink() or it.is_dir())
        }
        inside = (each.relative_to(here) for each in files if here in each.parents)
        paths = {each.as_posix() for each in inside}
        saved = sorted(each for each in paths if concerns([each], languages).editions)
        if not saved:
            continue  # a build wrote them
        found = concerns(saved, languages)
        others = f" and {len(saved) - SHOWN} more" if len(saved) > SHOWN else ""
        say(f"saved {', '.join(saved[:SHOWN])}{others}")
        if found.program:
            return True
        for builder in builders:
            if builder.edition.language in found.editions:
                builder.ask()
        if found.recordings and recorder:
            recorder.ask()
    return False


if __name__ == "__main__":
    sys.exit(main())
