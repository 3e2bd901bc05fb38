import errno
import json
import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from features.errors import DamagedError, UnavailableError
from models.storage import artifact, checked_files
from models.storage.artifact import UnfitModelError
from models.storage.checked_files import RECORD, checksum, marks

ARRAYS = {
    "a.numbers": np.arange(6, dtype=np.float32).reshape(2, 3)[:, ::-1],
    "a.words": np.array(["灯", "LED封装"]),
    "b.flags": np.array([True, False]),
    "b.nothing": np.zeros((0, 3)),
    "b.one": np.array("2026-01-01"),
}


@pytest.fixture
def folder(tmp_path):
    artifact.save(tmp_path / "models" / "v1", ARRAYS, {"seed": 7, "note": "说明"})
    return tmp_path / "models" / "v1"


def test_what_was_saved_comes_back_bit_by_bit(folder):
    found = artifact.load(folder)
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert artifact.manifest(folder)["note"] == "说明"
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


def test_the_same_arrays_make_the_same_files(folder):
    artifact.save(folder.with_name("v2"), ARRAYS, {"seed": 7, "note": "说明"})
    for path in folder.glob("[!.]*"):
        assert path.read_bytes() == (folder.with_name("v2") / path.name).read_bytes()


@pytest.mark.parametrize("name", [*sorted(f"{name}.npy" for name in ARRAYS), artifact.MANIFEST])
@pytest.mark.parametrize("cut", [0, 40, -1])
def test_a_file_cut_short_is_named(folder, name, cut):
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[: cut - 2 if cut < 0 else cut])
    with pytest.raises(DamagedError, match=name.replace(".", r"\.")) as caught:
        artifact.load(folder)
    assert caught.value.got == str(path)


@pytest.mark.parametrize("ask", [artifact.load, artifact.verify])
@pytest.mark.parametrize("name", sorted(f"{name}.npy" for name in ARRAYS))
def test_one_altered_byte_is_found_and_the_file_named(folder, name, ask):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=rf"{name}.*altered"):
        ask(folder)


def test_files_are_read_once_on_a_machine_and_again_when_they_have_changed(folder, monkeypatch):
    read = []

    def noted(path):
        read.append(path.name)
        return checksum(path)

    monkeypatch.setattr(checked_files, "checksum", noted)
    assert artifact.mapped(folder).keys() == ARRAYS.keys()
    assert read == [], "they were read when they were saved"
    other = shutil.copytree(folder, folder.with_name("copy"))
    for _ in range(2):
        artifact.check(other)
    assert sorted(read) == sorted(f"{name}.npy" for name in ARRAYS), "inodes are others"
    os.utime(other / "b.one.npy")
    artifact.check(other)
    assert read[len(ARRAYS) :] == ["b.one.npy"]
    (other / RECORD).write_text("[]")
    artifact.check(other)
    assert len(read) == 2 * len(ARRAYS) + 1


def test_an_altered_byte_is_found_when_files_are_mapped(folder):
    path = folder / "a.words.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(DamagedError, match=r"a\.words\.npy is damaged"):
            artifact.mapped(folder)
    assert set(marks(folder)) == {artifact.MANIFEST, *(f"{name}.npy" for name in ARRAYS)}


def test_a_truncated_file_is_found_without_reading_it(folder, monkeypatch):
    path = folder / "a.words.npy"
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setattr(checked_files, "checksum", None)
    with pytest.raises(DamagedError, match=r"a\.words\.npy is damaged"):
        artifact.mapped(folder)


def test_a_folder_that_cannot_be_written_is_checked_every_time(folder, monkeypatch):
    (folder / RECORD).unlink()

    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refused)
    assert artifact.mapped(folder).keys() == ARRAYS.keys()
    assert not (folder / RECORD).exists()


@pytest.mark.parametrize("ask", [artifact.load, artifact.verify, artifact.skim])
@pytest.mark.parametrize("name", ["a.words.npy", artifact.MANIFEST])
def test_a_missing_file_is_named(folder, name, ask):
    assert ask(folder) is not False
    (folder / name).unlink()
    with pytest.raises(DamagedError, match=name):
        ask(folder)


def test_skimming_reads_no_array(folder):
    (folder / "a.words.npy").write_bytes(b"")
    assert artifact.skim(folder) == artifact.manifest(folder)


def test_a_large_array_is_neither_copied_to_be_saved_nor_read_whole_to_be_verified(tmp_path):
    large = np.zeros((4_000, 1_000))
    tracemalloc.start()
    try:
        artifact.save(tmp_path / "v1", {"large": large}, {})
        artifact.verify(tmp_path / "v1")
        assert tracemalloc.get_traced_memory()[1] < large.nbytes / 4
    finally:
        tracemalloc.stop()


FORMAT = artifact.FORMAT


@pytest.mark.parametrize(
    "manifest", [[], {}, None, {"format": FORMAT}, {"format": FORMAT, "arrays": []}]
)
def test_a_manifest_of_another_shape_is_damaged(folder, manifest):
    text = json.dumps(manifest)
    (folder / artifact.MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(DamagedError, match=r"manifest\.json"):
        artifact.manifest(folder)


@pytest.mark.parametrize("other", [1, 99])
def test_a_manifest_of_another_format_says_so(folder, other):
    path = folder / artifact.MANIFEST
    path.write_text(json.dumps(artifact.manifest(folder) | {"format": other}), encoding="utf-8")
    told = rf"format {other}, expected {FORMAT}.*another version"
    with pytest.raises(UnfitModelError, match=told):
        artifact.load(folder)


@pytest.mark.parametrize(
    "altered", [{"seed": 8}, {"more": 1}, {"arrays": {}}, {"seal": ""}], ids=lambda a: next(iter(a))
)
def test_an_altered_manifest_is_found(folder, altered):
    path = folder / artifact.MANIFEST
    path.write_text(json.dumps(artifact.manifest(folder) | altered), encoding="utf-8")
    with pytest.raises(DamagedError, match=r"manifest\.json was altered"):
        artifact.load(folder)


def test_nothing_is_unpickled(folder):
    path = folder / "a.words.npy"
    np.save(path, np.array([Path()], dtype=object), allow_pickle=True)
    facts = artifact.manifest(folder)
    facts["arrays"]["a.words"] = checksum(path)
    facts["seal"] = artifact._seal(facts)
    (folder / artifact.MANIFEST).write_text(json.dumps(facts), encoding="utf-8")
    with pytest.raises(DamagedError, match=r"a\.words\.npy is damaged"):
        artifact.load(folder)


def test_objects_are_not_saved_and_leave_nothing(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        artifact.save(tmp_path / "v1", {"a": np.array([Path()], dtype=object)}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_never_overwritten(folder):
    with pytest.raises(UnavailableError, match="could not save the model"):
        artifact.save(folder, {"a": np.zeros(1)}, {})
    assert artifact.load(folder).keys() == ARRAYS.keys()
    assert [path.name for path in folder.parent.iterdir()] == ["v1"]


@pytest.mark.parametrize("at", ["save", "fsync"])
def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path, monkeypatch, at):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np if at == "save" else os, at, full)
    with pytest.raises(UnavailableError, match="No space left on device"):
        artifact.save(tmp_path / "v1", ARRAYS, {})
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_save_leaves_nothing(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        artifact.save(tmp_path / "v1", ARRAYS, {})
    assert list(tmp_path.iterdir()) == []
