"""autograd.functional against closed forms and PyTorch."""

import numpy as np
import pytest

from tinygrad_edu import autograd, no_grad, tensor
from tinygrad_edu.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp
from tinygrad_edu.errors import GradientError, ShapeError

rng = np.random.default_rng(37)
A = rng.normal(size=(4, 3))
B = rng.normal(size=(3, 3))


def t(*shape):
    return tensor(rng.uniform(0.5, 1.5, shape))


def same(actual, expected):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-9, atol=1e-12)


def test_jacobian_of_a_linear_map():
    same(jacobian(lambda x: tensor(A) @ x, t(3)), A)


def test_jacobian_has_the_shapes_of_output_and_input():
    x = t(2, 3)
    j = jacobian(lambda x: x.T * 2, x)
    want = np.zeros((3, 2, 2, 3))
    for i in range(2):
        for k in range(3):
            want[k, i, i, k] = 2
    same(j, want)


def test_jacobian_of_scalars():
    same(jacobian(lambda x: x**3, tensor(2.0)), 12.0)
    same(jacobian(lambda x: (x * x).sum(), tensor([1.0, 2.0])), [2.0, 4.0])


def test_jacobian_of_several_inputs_and_outputs():
    x, y = t(3), t(2)
    j = jacobian(lambda x, y: (x * y.sum(), y.exp(), x.sum()), (x, y))
    assert [[c.shape for c in row] for row in j] == [
        [(3, 3), (3, 2)],
        [(2, 3), (2, 2)],
        [(3,), (2,)],
    ]
    same(j[0][0], np.eye(3) * y.numpy().sum())
    same(j[0][1], np.tile(x.numpy()[:, None], 2))
    same(j[1][0], np.zeros((2, 3)))
    same(j[1][1], np.diag(np.exp(y.numpy())))
    same(j[2][0], np.ones(3))


def test_jacobian_of_the_identity_and_of_a_constant():
    same(jacobian(lambda x: x, t(3)), np.eye(3))
    same(jacobian(lambda x: t(2), t(3)), np.zeros((2, 3)))


def test_strict():
    x, y = t(2), t(2)
    for f, inputs in ((lambda x: t(2), x), (lambda x, y: x * 2, (x, y))):
        with pytest.raises(GradientError, match="strict"):
            jacobian(f, inputs, strict=True)
        jacobian(f, inputs)
    with pytest.raises(GradientError, match="strict"):
        vjp(lambda x, y: x * 2, (x, y), t(2), strict=True)


def test_hessian_of_a_quadratic_form():
    h = hessian(lambda x: x @ tensor(B) @ x, t(3))
    same(h, B + B.T)


def test_hessian_of_several_inputs():
    x, y = t(2), t(3)
    h = hessian(lambda x, y: (x * x).sum() * y.sum(), (x, y))
    vx, sy = x.numpy(), y.numpy().sum()
    same(h[0][0], 2 * sy * np.eye(2))
    same(h[0][1], np.tile(2 * vx[:, None], 3))
    same(h[1][0], np.tile(2 * vx, (3, 1)))
    same(h[1][1], np.zeros((3, 3)))


def test_hessian_of_a_linear_function_is_zero():
    same(hessian(lambda x: x.sum() * 3, t(2, 2)), np.zeros((2, 2, 2, 2)))


def test_hessian_needs_a_scalar():
    with pytest.raises(GradientError, match="single number"):
        hessian(lambda x: x * 2, t(3))


def f(x):
    return (tensor(A) @ x).exp()


def test_vjp_and_jvp():
    x, v, u = t(3), t(4), t(3)
    j = np.exp(A @ x.numpy())[:, None] * A
    out, product = vjp(f, x, v)
    same(out, np.exp(A @ x.numpy()))
    same(product, v.numpy() @ j)
    out, product = jvp(f, x, u)
    same(out, np.exp(A @ x.numpy()))
    same(product, j @ u.numpy())
    assert not out.requires_grad and not product.requires_grad


def test_vjp_and_jvp_of_tuples():
    x, y = t(3), t(2)
    g = lambda x, y: (x * y.sum(), (y * y).sum())
    vs, us = (t(3), t()), (t(3), t(2))
    out, (vx, vy) = vjp(g, (x, y), vs)
    assert isinstance(out, tuple)
    same(vx, vs[0].numpy() * y.numpy().sum())
    same(vy, vs[0].numpy() @ x.numpy() + vs[1].numpy() * 2 * y.numpy())
    out, (a, b) = jvp(g, (x, y), us)
    same(a, us[0].numpy() * y.numpy().sum() + x.numpy() * us[1].numpy().sum())
    same(b, 2 * y.numpy() @ us[1].numpy())


def test_hvp_and_vhp():
    x, v = t(3), t(3)
    g = lambda x: (x**3).sum() + x @ tensor(B) @ x
    h = np.diag(6 * x.numpy()) + B + B.T
    for product in (hvp, vhp):
        out, hv = product(g, x, v)
        same(out, g(x).numpy())
        same(hv, h @ v.numpy())


def test_hvp_of_tuples():
    x, y = t(2), t(3)
    _, (hx, hy) = hvp(lambda x, y: (x * x).sum() * y.sum(), (x, y), (t(2) * 0 + 1, t(3) * 0))
    same(hx, [2 * y.numpy().sum()] * 2)
    same(hy, [2 * x.numpy().sum()] * 3)


def test_the_vector_may_be_left_out_for_a_single_number_only():
    same(vjp(lambda x: (x * x).sum(), t(3) * 0 + 2)[1], [4.0] * 3)
    same(jvp(lambda x: x * x, tensor(3.0))[1], 6.0)
    with pytest.raises(GradientError, match="v is needed"):
        vjp(f, t(3))
    with pytest.raises(GradientError, match="v is needed"):
        jvp(f, t(3))
    with pytest.raises(ShapeError, match=r"\(3,\) and \(4,\)"):
        vjp(f, t(3), t(3))


@pytest.mark.parametrize("what", [jacobian, vjp, jvp, hessian, hvp, vhp])
def test_create_graph(what):
    """d/dx of each product, summed, against differences of the product itself."""
    g = (lambda x: x.exp() * x) if what in (jacobian, vjp, jvp) else (lambda x: (x**4).sum())
    v = t(3)
    extra = () if what in (jacobian, hessian) else (v,)

    def total(x, **options):
        found = what(g, x, *extra, **options)
        return ((found[1] if isinstance(found, tuple) else found) ** 2).sum()

    x = tensor(rng.uniform(0.5, 1.5, 3), requires_grad=True)
    value = total(x, create_graph=True)
    (d,) = autograd.grad(value, x)
    for i in range(3):
        e = np.zeros(3)
        e[i] = 1e-6
        up, down = total(tensor(x.detach().numpy() + e)), total(tensor(x.detach().numpy() - e))
        np.testing.assert_allclose(d[i].item(), (up.item() - down.item()) / 2e-6, rtol=1e-6)


def test_inputs_keep_their_grad_and_their_requires_grad():
    x = tensor(rng.normal(size=3), requires_grad=True)
    jacobian(f, x)
    hessian(lambda x: (x**3).sum(), x)
    assert x.grad is None and x.requires_grad and x.is_leaf
    with no_grad():
        same(jacobian(lambda x: x * x, x), np.diag(2 * x.detach().numpy()))


def test_float32_stays():
    x = tensor([1.0, 2.0])
    for found in (
        jacobian(lambda x: x * x, x),
        hessian(lambda x: (x**3).sum(), x),
        jvp(lambda x: x * x, x, x)[1],
        vjp(lambda x: x * x, x, x)[1],
        vhp(lambda x: (x**3).sum(), x, x)[1],
    ):
        assert found.dtype == np.float32


def test_wrong_arguments():
    with pytest.raises(TypeError, match="Tensor"):
        jacobian(f, np.ones(3))
    with pytest.raises(TypeError, match="must return"):
        jacobian(lambda x: 3.0, t(3))


@pytest.mark.torch
@pytest.mark.parametrize("name", ["jacobian", "vjp", "jvp", "hessian", "hvp", "vhp"])
def test_against_torch(name):
    torch = pytest.importorskip("torch")
    values = [rng.uniform(0.5, 1.5, s) for s in ((2, 3), (3,))]
    scalar = name in ("hessian", "hvp", "vhp")

    def g(x, y):
        mixed = (x @ y).tanh() * y.exp().sum()
        return (mixed * mixed).sum() if scalar else (mixed, (x * y).log())

    vs = {"vjp": [(2,), (2, 3)], "jvp": [(2, 3), (3,)], "hvp": [(2, 3), (3,)]}
    vs["vhp"] = vs["hvp"]
    vectors = [rng.normal(size=s) for s in vs.get(name, [])]
    results = []
    for make, module in ((tensor, autograd.functional), (torch.tensor, torch.autograd.functional)):
        extra = (tuple(map(make, vectors)),) if vectors else ()
        results.append(getattr(module, name)(g, tuple(map(make, values)), *extra))

    def compare(ours, theirs):
        if isinstance(theirs, tuple):
            assert isinstance(ours, tuple) and len(ours) == len(theirs)
            for a, b in zip(ours, theirs, strict=True):
                compare(a, b)
        else:
            same(ours, theirs.numpy())

    compare(*results)
