"""The little matrices of a level, against dense algebra on its rows."""

from __future__ import annotations

import numpy as np
import pytest

from forwhom.methods.collapse.shapes import between, find_shapes, pairs_of, spread_of


def rows(classes: int, r: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Own columns (12, R) of one level's rows, and the classes they are in."""
    rng = np.random.default_rng(seed)
    own = np.hstack([np.ones((12, 1)), rng.integers(0, 2, (12, r - 1))]).astype(float)
    return own, np.arange(12) % classes


@pytest.mark.parametrize(("classes", "r"), [(1, 1), (1, 2), (1, 3), (2, 2), (3, 3)])
def test_a_level_by_its_shape_is_the_level_by_its_rows(classes: int, r: int) -> None:
    own, index = rows(classes, r, 3)
    by_class = np.stack([own[index == a].T @ own[index == a] for a in range(classes)])
    shapes = find_shapes(by_class[:, None])
    rng = np.random.default_rng(5)
    root = rng.normal(size=(r, r))
    covariance, variance = root @ root.T, rng.uniform(0.5, 2, classes)
    i, j = np.tril_indices(r)
    packed, log_det = between(
        spread_of(shapes.loading), covariance[i, j][:, None], variance[shapes.classes][:, None]
    )
    # the rows' own covariance and what the shape makes of it
    v = np.diag(variance[index]) + own @ covariance @ own.T
    u = np.zeros((12, shapes.directions))
    for e, a in enumerate(shapes.classes):
        u[index == a, e] = own[index == a] @ shapes.scaled[0, e]
    np.testing.assert_allclose(u.T @ u, np.eye(len(u.T)), atol=1e-12)
    middle = np.zeros((shapes.directions,) * 2)
    for k, (a, b) in enumerate(pairs_of(shapes.directions)):
        middle[a, b] = middle[b, a] = packed[k, 0, 0]
    inverse = np.diag(1 / variance[index])
    made = inverse - u @ (u.T @ inverse @ u) @ u.T + u @ middle @ u.T
    np.testing.assert_allclose(made, np.linalg.inv(v), atol=1e-10)
    whole = np.log(variance[index]).sum() + log_det[0, 0]
    np.testing.assert_allclose(whole, np.linalg.slogdet(v)[1], rtol=1e-11)


def test_levels_of_equal_rows_share_a_shape() -> None:
    gram = np.array([[[[2.0, 1.0], [1.0, 1.0]]] * 3 + [[[3.0, 1.0], [1.0, 1.0]]]])
    shapes = find_shapes(gram)
    assert shapes.count == 2
    assert shapes.of_level[0] == shapes.of_level[1] == shapes.of_level[2] != shapes.of_level[3]


def test_a_level_without_rows_has_nothing_to_say() -> None:
    shapes = find_shapes(np.array([[[[4.0]], [[0.0]]]]))
    empty = shapes.of_level[1]
    packed, log_det = between(spread_of(shapes.loading), np.array([[2.0]]), np.array([[1.5]]))
    assert not shapes.scaled[empty].any()
    assert log_det[empty, 0] == 0.0
    assert packed[0, empty, 0] == pytest.approx(1 / 1.5)


def test_no_shape_of_no_direction() -> None:
    assert find_shapes(np.zeros((1, 3, 1, 1))).directions == 0
