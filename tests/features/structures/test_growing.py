import numpy as np
import pytest
from scipy import sparse

from features.structures.growing import GrowingArrays


def test_rows_appended_are_the_array(tmp_path):
    rows = np.arange(12, dtype=np.float16).reshape(6, 2)
    with GrowingArrays(tmp_path) as files:
        for part in np.split(rows, [0, 1, 4]):
            files.append("x.y", part)
        files.append("none", np.zeros((0, 3)))
    np.testing.assert_array_equal(np.load(tmp_path / "x.y.npy"), rows)
    assert np.load(tmp_path / "none.npy").shape == (0, 3)


def test_a_file_of_many_rows_still_has_its_header(tmp_path):
    with GrowingArrays(tmp_path) as files:
        for _ in range(1_000):
            files.append("a", np.ones(1_000, dtype=np.uint8))
    assert np.load(tmp_path / "a.npy", mmap_mode="r").shape == (1_000_000,)


def test_sparse_rows_are_kept_as_values_columns_and_lengths(tmp_path):
    rows = sparse.csr_array(np.array([[0, 1.5, 0], [0, 0, 0], [2, 0, 3]]))
    with GrowingArrays(tmp_path) as files:
        for name, gaps in (("s", False), ("g", True)):
            files.append_sparse(name, rows[:2], gaps=gaps)
            files.append_sparse(name, rows[2:], gaps=gaps)
    found = {path.stem: np.load(path).tolist() for path in tmp_path.iterdir()}
    same = {"data": [1.5, 2, 3], "lengths": [1, 0, 2]}
    assert found == {
        **{f"{name}.{part}": own for name in ("s", "g") for part, own in same.items()},
        "s.indices": [1, 0, 2],
        "g.gaps": [1, 0, 2],
    }


def test_rows_of_another_type_or_width_are_refused(tmp_path):
    with GrowingArrays(tmp_path) as files:
        files.append("a", np.zeros((2, 2)))
        for other in (np.zeros((1, 3)), np.zeros((1, 2), dtype=np.float32)):
            with pytest.raises(ValueError, match="rows to append must be"):
                files.append("a", other)
