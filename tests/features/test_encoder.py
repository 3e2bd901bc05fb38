import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from features import encoder as module
from features.encoder import EncodingStore, UniversalSentenceEncoder, encoder_named
from features.errors import DamagedError, UnavailableError, UsageError
from tests.pool import HashedEncoder


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "encodings.sqlite"


def kept(path):
    with sqlite3.connect(path) as connection:
        found = [text for (text,) in connection.execute("SELECT text FROM encodings ORDER BY text")]
    connection.close()
    return found


def test_no_text_is_encoded_twice(path):
    encoder = HashedEncoder()
    first = EncodingStore(path, encoder).encode(["灯", "屏", "灯"])
    again = EncodingStore(path, encoder).encode(["屏", "箱", "灯"])
    assert encoder.asked == ["灯", "屏", "箱"]
    np.testing.assert_array_equal(first[[0, 1]], again[[2, 0]])
    np.testing.assert_array_equal(first[0], first[2])
    assert first.dtype == np.float32


def test_vectors_are_those_of_the_encoder_in_half_precision(path):
    found = EncodingStore(path, HashedEncoder()).encode(["灯"])
    expected = HashedEncoder().encode(["灯"]).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(EncodingStore(path, HashedEncoder()).encode(["灯"]), expected)


def test_a_request_s_texts_are_forgotten(path):
    encoder = HashedEncoder()
    EncodingStore(path, encoder).encode(["灯", "屏"], keep=False)
    assert not path.exists()
    EncodingStore(path, encoder).encode(["灯"])
    EncodingStore(path, encoder).encode(["灯", "箱"], keep=False)
    assert kept(path) == ["灯"]


def test_no_text_gives_no_row_and_no_file(path):
    assert EncodingStore(path, HashedEncoder()).encode([]).shape == (0, HashedEncoder.dimensions)
    assert not path.exists()


def test_vectors_of_two_encoders_are_never_mixed(path):
    other = HashedEncoder()
    other.id, other.dimensions = "other", 8
    EncodingStore(path, HashedEncoder()).encode(["灯"])
    assert EncodingStore(path, other).encode(["灯"]).shape == (1, 8)
    assert other.asked == ["灯"]


def test_more_texts_than_a_query_or_a_batch_takes(path):
    texts = [f"产品{n}" for n in range(2100)]
    told = []
    EncodingStore(path, HashedEncoder()).encode(texts, progress=lambda *done: told.append(done))
    assert told == [(1024, 2100), (2048, 2100), (2100, 2100)]
    encoder = HashedEncoder()
    again = EncodingStore(path, encoder).encode(texts)
    assert encoder.asked == []
    np.testing.assert_array_equal(again[-1:], EncodingStore(path, encoder).encode(texts[-1:]))


def test_batches_done_before_an_interruption_are_kept(path, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 2)
    encoder = HashedEncoder()
    encode = encoder.encode

    def interrupted(texts):
        if "5" in texts:
            raise KeyboardInterrupt
        return encode(texts)

    encoder.encode = interrupted
    with pytest.raises(KeyboardInterrupt):
        EncodingStore(path, encoder).encode(list("123456"))
    assert kept(path) == list("1234")
    later = HashedEncoder()
    EncodingStore(path, later).encode(list("123456"))
    assert later.asked == ["5", "6"]


def test_a_killed_run_leaves_whole_batches(path):
    code = (
        "import sys; from pathlib import Path; from features import encoder as m; "
        "from tests.pool import HashedEncoder; m._BATCH = 1; "
        "print('go', flush=True); "
        "m.EncodingStore(Path(sys.argv[1]), HashedEncoder()).encode([str(n) for n in range(10**6)])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as run:
        run.stdout.readline()
        while not path.exists() or path.stat().st_size < 20_000:
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
    done = kept(path)
    assert len(done) > 1
    encoder = HashedEncoder()
    found = EncodingStore(path, encoder).encode(done)
    assert encoder.asked == []
    fresh = HashedEncoder().encode(done).astype(np.float16).astype(np.float32)
    np.testing.assert_array_equal(found, fresh)


def test_a_full_disk_is_one_clear_error(path, monkeypatch):
    class Full(sqlite3.Connection):
        def executemany(self, *_):
            raise sqlite3.OperationalError("database or disk is full")

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Full, **k))
    with pytest.raises(UnavailableError, match=r"encodings\.sqlite: database or disk is full"):
        EncodingStore(path, HashedEncoder()).encode(["灯"])
    monkeypatch.undo()
    assert kept(path) == []


@pytest.mark.parametrize("keep", [True, False])
def test_a_damaged_file_is_named(path, keep):
    path.parent.mkdir()
    path.write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(DamagedError, match=r"encodings\.sqlite"):
        EncodingStore(path, HashedEncoder()).encode(["灯"], keep=keep)


def test_the_default_encoder_reads_nothing_before_it_is_asked():
    assert isinstance(encoder_named(None), UniversalSentenceEncoder)


def test_another_encoder_is_plugged_in_by_name():
    assert encoder_named("tests.pool:HashedEncoder").id == "hashed-1"


@pytest.mark.parametrize("name", ["no_such_module:Encoder", "tests.pool:NoSuch", "tests.pool"])
def test_an_encoder_that_is_not_there_is_wrong_usage(name):
    with pytest.raises(UsageError, match="no sentence encoder") as caught:
        encoder_named(name)
    assert caught.value.field == "ENCODER"


def test_the_real_encoder_knows_meaning():
    encoder = UniversalSentenceEncoder()
    led, lamp, vinegar = encoder.encode(["LED照明灯具", "发光二极管灯", "山西老陈醋"])
    assert led.shape == (encoder.dimensions,)
    np.testing.assert_allclose(np.linalg.norm(led), 1, rtol=1e-4)
    assert led @ lamp > led @ vinegar + 0.1
