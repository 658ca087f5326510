"""What is sent to another machine is unpacked in its folder, and nowhere else."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from recordings.machine import archive

if TYPE_CHECKING:
    from pathlib import Path


def packed(**members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for info in members.values():
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return buffer.getvalue()


def member(
    name: str, kind: bytes, leads_to: str = "", size: int = 0
) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, leads_to, size
    return info


def test_no_second_name_is_given_to_a_file_outside(tmp_path: Path) -> None:
    secret, folder = tmp_path / "secret", tmp_path / "folder"
    secret.write_text("not for recipes")
    link = member("link", tarfile.SYMTYPE, "../secret")
    for leads_to in (str(secret), "../secret", "link"):
        hard = member("stolen", tarfile.LNKTYPE, leads_to)
        with pytest.raises(OSError, match="it can't be unpacked"):
            archive.unpack(packed(link=link, hard=hard), folder)
        assert not (folder / "stolen").exists()


def test_a_file_with_two_names_keeps_both(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "a").write_text("text")
    (own / "b").hardlink_to(own / "a")
    sent = archive.pack(own, sorted(own.iterdir()))
    archive.unpack(sent, tmp_path / "there")
    assert [each.read_text() for each in (tmp_path / "there").iterdir()] == ["text"] * 2


def test_a_folder_takes_the_place_of_a_link(tmp_path: Path) -> None:
    original, folder = tmp_path / "original", tmp_path / "folder"
    original.mkdir()
    folder.mkdir()
    (folder / "data").symlink_to(original)
    data = member("data", tarfile.DIRTYPE)
    data.mode = 0o755
    file = member("data/made", tarfile.REGTYPE, size=1)
    archive.unpack(packed(data=data, file=file), folder)
    assert (folder / "data/made").read_text() == "x"
    assert not [*original.iterdir()]


def test_what_would_be_behind_a_link_is_refused(tmp_path: Path) -> None:
    original, folder = tmp_path / "original", tmp_path / "folder"
    for each in (original, folder):
        each.mkdir()
    (original / "inside").symlink_to(tmp_path)
    (folder / "data").symlink_to(original)
    with pytest.raises(OSError, match="it can't be unpacked"):
        archive.unpack(packed(one=member("data/inside", tarfile.REGTYPE)), folder)
    assert (original / "inside").is_symlink()
