"""Patterns of what is lost: which elements, which uses, which path."""

import numpy as np
import pytest

from tinygrad_edu import tensor
from tinygrad_edu.gradcheck import check_gradients, check_op

RNG = np.random.default_rng(4)


def first_guess(forward, vjp, *inputs):
    report = check_op(forward, vjp, list(inputs))
    assert report.verdict == "fail", str(report)
    return report.diagnosis[0][0]


def segments(x, i):
    y = np.zeros((3, *x.shape[1:]))
    np.add.at(y, i, x)
    return y / np.bincount(i, minlength=3)[:, None]


def test_a_mean_over_groups_of_different_sizes():
    def summed(g, y, x, i):
        return g[i], None

    x, i = RNG.normal(size=(6, 2)), np.array([0, 2, 2, 1, 1, 1])
    assert first_guess(segments, summed, x, i) == "mean_n"


def test_indices_that_meet_in_one_place():
    def bags(table, i):
        return table[i].mean(1)

    def overwritten(g, y, table, i):
        b = np.zeros_like(table)
        b[i] = np.repeat(g[:, None] / i.shape[1], i.shape[1], 1)
        return b, None

    i = np.array([[0, 1, 1], [4, 2, 0]])
    assert first_guess(bags, overwritten, RNG.normal(size=(5, 3)), i) == "index_dup"


def test_each_output_lacks_its_own_element():
    def exclusive(g, y, x):
        return (np.cumsum(g[:, ::-1], 1)[:, ::-1] - g,)

    assert first_guess(lambda x: x.cumsum(1), exclusive, RNG.normal(size=(3, 5))) == "off_by_one"


def test_a_triangle_without_its_diagonal():
    def lower(m, b):
        return np.tril(m) @ b

    def strictly(g, y, m, b):
        return np.tril(g @ b.T, -1), np.tril(m).T @ g

    m, b = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 2))
    assert first_guess(lower, strictly, m, b) == "off_by_one"


def test_a_triangle_that_is_not_cut_out():
    def lower(m, b):
        return np.tril(m) @ b

    def all_of_it(g, y, m, b):
        return g @ b.T, np.tril(m).T @ g

    m, b = RNG.normal(size=(4, 4)), RNG.normal(size=(4, 2))
    assert first_guess(lower, all_of_it, m, b) == "mask"


def test_a_slope_below_zero_that_is_used_above_as_well():
    def prelu(x, a):
        return np.where(x > 0, x, a[:, None] * x)

    def unmasked(g, y, x, a):
        return g * np.where(x > 0, 1, a[:, None]), (g * x).sum((0, 2))

    assert first_guess(prelu, unmasked, RNG.normal(size=(2, 3, 4)), RNG.normal(size=3)) == "mask"


def test_a_path_to_one_of_two_results():
    def moments(x):
        return np.stack([x.mean(1), (x**2).mean(1)])

    def first_alone(g, y, x):
        return (g[0][:, None] / x.shape[1] + 0 * x,)

    assert first_guess(moments, first_alone, RNG.normal(size=(3, 4))) == "missing_term"


@pytest.mark.parametrize("power", [1, 2])
def test_a_detached_factor_is_no_fault_of_the_only_op(power):
    x = tensor(RNG.normal(size=(3, 2)), requires_grad=True)
    report = check_gradients(lambda x: x * tensor(x.detach().numpy() ** power), [x])
    assert report.verdict == "fail"
    assert report.op is None
    assert report.diagnosis[0][0] == "detached"
