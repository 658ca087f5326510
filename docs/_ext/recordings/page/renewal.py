"""Have recorded what is stale or missing, before pages are made."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sphinx.errors import ConfigError

from recordings.library import Library
from recordings.model import Entry, Failure
from recordings.store.notebook import RecordingError, from_text


def renew(library: Library, entries: list[Entry], *, anew: bool) -> list[Entry]:
    """Have `python -m recordings run` record what is not fresh, or all; compare again.

    It reads `conf.py` alone. What it says of its progress is on this build's standard
    error, and it ends with this process.

    Raises:
        ConfigError: It could not begin.
    """
    wanted = [each for each in entries if anew or each.state != "fresh"]
    library.store.check_writable(each.recipe.file for each in wanted)
    words = ["run", "--json", "--parent", str(os.getpid())]
    words += ["--conf", str(library.conf_dir), "--source", str(library.source)]
    words += ["--all"] if anew else []
    with subprocess.Popen(
        [sys.executable, "-m", "recordings", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as runner:
        try:
            document, _ = runner.communicate()
        except BaseException:
            runner.terminate()  # in order: it keeps what is finished
            raise
    if runner.returncode < 0:
        raise ConfigError(
            f"recordings: the run was killed by signal {-runner.returncode}; "
            "what was finished is kept, so build again for the rest"
        )
    try:
        results = {each["page"]: each for each in json.loads(document)["results"]}
    except ValueError as error:
        raise ConfigError(
            "recordings: nothing was recorded, as said above; to build from the "
            "recordings that are there, add: -D recordings_mode=replay"
        ) from error
    compared: list[Entry] = []
    strays = library.strays()
    for before in entries:
        result = results.get(before.recipe.page)
        entry = library.entry(before.recipe, strays) if result else before
        if result and result["status"] == "failed":
            entry = _failed(entry, result, was_to_be_new=anew)
        compared.append(entry)
    return compared


def _failed(entry: Entry, result: dict[str, Any], *, was_to_be_new: bool) -> Entry:
    """Say of an entry that its recipe failed; what was recorded before won't do."""
    state = "stale" if was_to_be_new and entry.state == "fresh" else entry.state
    partial = None
    if file := result["partial"]:
        with suppress(OSError, RecordingError):  # the failure is told all the same
            partial = from_text(Path(file).read_text("utf-8"), file, is_new=True)
    return replace(
        entry,
        state=state,
        reasons=(*entry.reasons, f"its run failed: {result['reason']}"),
        failure=Failure(result["reason"], partial),
    )
