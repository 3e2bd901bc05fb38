from types import SimpleNamespace

import numpy as np
import pytest

from models.factors.node_match import CodeMatch, NodeMatch


def test_the_best_node_decides_and_the_mean_helps_a_little():
    fit = np.array([[0.5, 1.0, 0.9], [0.8, 0.0, 0.9], [np.nan] * 3], dtype=np.float32)
    need = SimpleNamespace(targets=(0, 1))
    found = NodeMatch().score(need, SimpleNamespace(fit=fit))
    np.testing.assert_allclose(found, [1 + 0.2 * 0.75, 0.8 + 0.2 * 0.4, np.nan], rtol=1e-6)


def test_a_need_after_no_node_is_silent():
    assert NodeMatch().score(SimpleNamespace(targets=()), None) is None


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("C", "39", "397", "3975"), [1.0, 0.75, 0.25, 0.0, np.nan]),
        (("C", "39"), [0.5, 0.5, 0.25, 0.0, np.nan]),
        (("C", "39", "397", "3975", "3974"), [1.0, 1.0, 0.25, 0.0, np.nan]),
    ],
)
def test_levels_of_the_code_in_common_are_counted(wanted, expected):
    codes = np.array(
        [
            ("C", "39", "397", "3975"),
            ("C", "39", "397", "3974"),
            ("C", "14", "", ""),
            ("B", "06", "", ""),
            ("", "", "", ""),
        ]
    )
    found = CodeMatch().score(SimpleNamespace(codes=wanted), codes)
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float32))


def test_a_need_without_codes_is_silent():
    assert CodeMatch().score(SimpleNamespace(codes=()), np.array([[""]])) is None
