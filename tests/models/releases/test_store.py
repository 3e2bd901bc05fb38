import pytest

from features.errors import ConflictError, DamagedError, UnavailableError, UsageError
from models.releases.store import Release, Store, StoredFile, stored_file
from tests.service.buckets import buckets


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, buckets(patch) as server:
        yield server


@pytest.fixture(params=["file", "s3"])
def url(request, tmp_path):
    if request.param == "file":
        return f"file://{tmp_path}/store"
    return request.getfixturevalue("server").bucket(
        f"of-{tmp_path.name[:30].strip('_')}".replace("_", "-").lower()
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tables" / "needs.parquet"
    path.parent.mkdir()
    path.write_bytes(b"needs" * 1000)
    return stored_file(tmp_path, path)


def test_a_file_comes_back_as_it_was_stored_and_is_stored_once(url, file, tmp_path):
    store = Store(url)
    assert store.put(file, tmp_path / file.path)
    assert not store.put(file, tmp_path / file.path)
    Store(url).get(file, tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"needs" * 1000
    assert (file.path, file.size) == ("tables/needs.parquet", 5000)


def test_releases_come_in_the_order_of_their_numbers(url, file):
    store = Store(url)
    assert store.numbers() == []
    releases = [Release(f"v{number}", {"needs": {"rows": number}}, (file,)) for number in range(12)]
    for number, release in enumerate(releases, start=1):
        store.add(number, release)
    assert Store(url).numbers() == list(range(1, 13))
    assert store.numbers(after=10) == [11, 12]
    assert store.release(3) == releases[2]


def test_the_second_of_two_publishers_gets_a_conflict(url, file):
    one, other = Store(url), Store(url)
    one.add(1, Release("one", {}, (file,)))
    with pytest.raises(ConflictError, match="another publisher has added release 1"):
        other.add(1, Release("other", {}, (file,)))
    assert other.release(1).version == "one"


def test_an_altered_or_missing_file_is_refused_by_name(url, file, tmp_path):
    store = Store(url)
    other = tmp_path / "other"
    other.write_bytes(b"NEEDS" * 1000)
    store.put(file, other)
    with pytest.raises(DamagedError, match=rf"{file.sha256}.*altered \(tables/needs.parquet\)"):
        store.get(file, tmp_path / "back")
    gone = StoredFile("tables/zones.parquet", 10, "0" * 64)
    with pytest.raises(DamagedError, match=r"missing \(tables/zones.parquet\)"):
        store.get(gone, tmp_path / "back")
    assert [path.name for path in tmp_path.glob("back*")] == []


def test_an_altered_release_is_refused_by_name(tmp_path, file):
    store = Store(f"file://{tmp_path}/store")
    store.add(1, Release("v1", {}, (file,)))
    path = tmp_path / "store" / "releases" / "00000001.json"
    for content, why in (
        (path.read_bytes().replace(b'"v1"', b'"v2"'), "altered"),
        (b"{", "cannot be read"),
    ):
        path.write_bytes(content)
        with pytest.raises(DamagedError, match=rf"releases/00000001.json .*{why}"):
            store.release(1)
    path.unlink()
    with pytest.raises(DamagedError, match="missing"):
        store.release(1)


def test_a_server_that_is_away_is_named(monkeypatch, file):
    with buckets(monkeypatch) as server:
        store = Store(server.bucket("away"))
        store.add(1, Release("v1", {}, (file,)))
        server.stop()
        for ask in (store.numbers, lambda: store.release(1)):
            with pytest.raises(
                UnavailableError, match="the store s3://away/lianzhao does not answer"
            ):
                ask()


@pytest.mark.parametrize(
    "url", ["", "store", "/folder", "file://", "file:///", "ftp://h/x", "s3://", "s3://k:s@b/x"]
)
def test_what_is_no_store_is_wrong_usage(url):
    with pytest.raises(UsageError, match="file:///folder or s3://bucket/prefix"):
        Store(url)
