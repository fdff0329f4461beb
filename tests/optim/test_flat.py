"""Small parameters are updated as one vector, and nobody can tell."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim, tensor
from tinygrad_edu.errors import InPlaceError
from tinygrad_edu.optim.flat import LARGEST

rng = np.random.default_rng(5)
SHAPES = [(3, 4), (4,), (2, 4), (2,)]

RULES = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "tilde": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov="tilde"),
    "ema": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, form="ema", weight_decay=0.1),
    "dampened": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3, maximize=True),
    "adam": lambda p: optim.Adam(p, lr=0.1),
    "amsgrad": lambda p: optim.Adam(p, lr=0.1, amsgrad=True, weight_decay=0.1),
    "inside": lambda p: optim.Adam(p, lr=0.1, eps_mode="inside"),
    "adamw": lambda p: optim.AdamW(p, lr=0.1),
    "yogi": lambda p: optim.Yogi(p, lr=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True),
    "adadelta": lambda p: optim.Adadelta(p),
    "adamax": lambda p: optim.Adamax(p, lr=0.1),
    "radam": lambda p: optim.RAdam(p, lr=0.1),
}


def parameters(dtype=np.float32, shapes=SHAPES):
    fixed = np.random.default_rng(1)
    return [nn.Parameter(fixed.normal(size=s).astype(dtype)) for s in shapes]


def gradients(i, params, dtype=np.float32):
    fixed = np.random.default_rng(100 + i)
    for p in params:
        p.grad = tensor(fixed.normal(size=p.shape).astype(dtype))


def stepping(params, opt, count, start=0):
    for i in range(start, start + count):
        gradients(i, params)
        opt.step()


def one_by_one(opt):
    opt.elementwise = False
    return opt


def values(params):
    return [p.detach().numpy().copy() for p in params]


def state_of(opt):
    return [
        {k: v.numpy().copy() if isinstance(v, tg.Tensor) else v for k, v in s.items()}
        for s in opt.state_dict()["state"].values()
    ]


def assert_same(a, b):
    np.testing.assert_equal(a, b)


def is_flat(opt, count=4):
    return bool(opt._flats) and opt._flats[0] is not None and len(opt._flats[0].places) == count


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES)
def test_the_same_numbers_to_the_last_bit(rule, dtype):
    p, q = parameters(dtype), parameters(dtype)
    flat, plain = RULES[rule](p), one_by_one(RULES[rule](q))
    for i in range(8):
        gradients(i, p, dtype)
        gradients(i, q, dtype)
        flat.step()
        plain.step()
        assert_same(values(p), values(q))
        if i > 4:  # who has looked may exchange something, so more is checked from then on
            assert_same(state_of(flat), state_of(plain))
    assert is_flat(flat) and not is_flat(plain)
    for k in range(len(p)):
        assert str(flat.explain_step(k)) == str(plain.explain_step(k))


def test_rules_that_need_whole_parameters_are_left_alone():
    for make in (optim.NAdam, optim.ASGD, optim.Rprop, optim.LBFGS):
        assert not make(parameters()).elementwise, make


# ----------------------------------------------------------------------- whose memory it is


def test_memory_that_somebody_else_holds_is_not_moved():
    arrays = [rng.normal(size=s).astype(np.float32) for s in SHAPES]
    params = [nn.Parameter(a) for a in arrays]
    opt = optim.SGD(params, lr=0.1, momentum=0.9)
    stepping(params, opt, 3)
    assert not is_flat(opt)
    for a, p in zip(arrays, params, strict=True):
        assert np.shares_memory(a, p.detach().numpy())
        np.testing.assert_array_equal(a, p.detach().numpy())


@pytest.mark.parametrize("hold", ["numpy", "detach", "data", "view", "state_dict", "slice"])
def test_whoever_holds_a_parameter_before_the_first_step_sees_the_steps(hold):
    model = nn.Linear(4, 3)
    held = {
        "numpy": lambda: model.weight.detach().numpy(),
        "detach": lambda: model.weight.detach(),
        "data": lambda: model.weight.data,
        "view": lambda: model.weight.data.view(12),
        "state_dict": lambda: model.state_dict()["weight"],
        "slice": lambda: model.weight.data[1:],
    }[hold]()
    opt = optim.Adam(model.parameters(), lr=0.1)
    for i in range(3):
        gradients(i, list(model.parameters()))
        opt.step()
    array = held if isinstance(held, np.ndarray) else held.numpy()
    mine = model.weight.detach().numpy()
    np.testing.assert_array_equal(array.ravel(), (mine[1:] if hold == "slice" else mine).ravel())


def test_whoever_takes_one_afterwards_sees_them_too():
    params = parameters()
    opt = optim.SGD(params, lr=0.1, momentum=0.9)
    gradients(0, params)
    opt.step()
    assert is_flat(opt)
    held = [p.detach().numpy() for p in params]
    gradients(1, params)
    opt.step()
    assert is_flat(opt)
    assert_same(held, values(params))


def test_a_tied_weight_stays_tied():
    a = nn.Parameter(rng.normal(size=(3, 4)).astype(np.float32))
    b = nn.Parameter(a.data.T)
    opt = optim.SGD([a, b, *parameters()], lr=0.1)
    for i in range(2):
        gradients(i, [a, b])
        opt.step()
    np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy().T)


def test_read_only_memory_is_refused_as_before():
    params = parameters()
    params[1]._array.flags.writeable = False
    opt = optim.SGD(params, lr=0.1)
    gradients(0, params)
    with pytest.raises(InPlaceError):
        opt.step()


def test_large_and_odd_parameters_go_by_themselves():
    shapes = [(LARGEST + 1,), (3, 4), (), (5,)]
    p, q = parameters(shapes=shapes), parameters(shapes=shapes)
    p[0] = nn.Parameter(np.asfortranarray(p[0]._array))
    flat, plain = optim.Adam(p), one_by_one(optim.Adam(q))
    for i in range(3):
        gradients(i, p)
        gradients(i, q)
        flat.step()
        plain.step()
    assert is_flat(flat, 2)
    assert_same(values(p), values(q))


def test_two_dtypes_in_one_group():
    p = [*parameters(np.float32), *parameters(np.float64)]
    q = [*parameters(np.float32), *parameters(np.float64)]
    flat, plain = optim.Adam(p), one_by_one(optim.Adam(q))
    for i in range(3):
        for params in (p, q):
            gradients(i, params[:4], np.float32)
            gradients(i, params[4:], np.float64)
        flat.step()
        plain.step()
    assert_same(values(p), values(q))
    assert [x.dtype for x in values(p)] == [np.float32] * 4 + [np.float64] * 4


def test_the_next_optimizer_takes_over_the_memory():
    params = parameters()
    first = optim.SGD(params, lr=0.1, momentum=0.9)
    gradients(0, params)
    first.step()
    second = optim.Adam(params, lr=0.1)  # while the first is there, it holds the memory
    second.step()
    first.step()
    assert is_flat(first) and not is_flat(second)
    del first
    gc.collect()
    second.step()
    assert is_flat(second)


# ----------------------------------------------------------------------- what is exchanged


def _swap_data(opt, params):
    params[0].data = tensor(params[0].detach().numpy() + 1)


def _swap_state(opt, params):
    opt.state[params[1]]["exp_avg"] = tg.zeros(4)


def _clear_state(opt, params):
    opt.state.clear()


def _write_state(opt, params):
    opt.state[params[1]]["exp_avg"].zero_()


def _reset_step(opt, params):
    opt.state[params[2]]["step"] = 0


def _write_parameter(opt, params):
    with tg.no_grad():
        params[0].mul_(0.5)


def _drop_gradient(opt, params):
    params[3].grad = None


def _option(opt, params):
    opt.param_groups[0]["amsgrad"] = True


def _reload(opt, params):
    opt.load_state_dict(copy.deepcopy(opt.state_dict()))


def _more(opt, params):
    params.append(nn.Parameter(np.ones(3, np.float32)))
    opt.add_param_group({"params": [params[-1]], "lr": 0.5})


CHANGES = [
    _swap_data,
    _swap_state,
    _clear_state,
    _write_state,
    _reset_step,
    _write_parameter,
    _drop_gradient,
    _option,
    _reload,
    _more,
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_exchanged_is_noticed(change):
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.Adam(params, lr=0.1))
        stepping(params, opt, 2)
        gradients(2, params)
        change(opt, params)
        if change is _more:
            gradients(2, params)
        for i in range(3, 6):
            opt.step()
            gradients(i, params)
        results.append((values(params), state_of(opt)))
    assert_same(*results)


@pytest.mark.parametrize("by", ["state", "state_dict", "copy", "vars"])
def test_what_is_exchanged_is_noticed_by_whoever_came_by_it_before(by):
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.Adam(params, lr=0.1))
        early = opt.state if by == "state" else None
        for i in range(3):
            gradients(i, params)
            opt.step()
            if i == 1:
                if by == "state_dict":
                    early = opt.state_dict()["state"]
                elif by == "copy":
                    early = copy.copy(opt).state
                elif by == "vars":
                    early = opt.__getstate__()["_state"]
        key = 1 if by == "state_dict" else params[1]
        early[key]["exp_avg"].data = tensor(np.full(4, 7.0, np.float32))
        stepping(params, opt, 3, 3)
        results.append((values(params), state_of(opt)))
    assert_same(*results)


@pytest.mark.parametrize("when", [{0}, {2}, {3, 4, 5}, set(range(40))])
def test_gradients_of_another_dtype(when):
    """A gradient that a user sets in double precision is used as it is."""
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.SGD(params, lr=0.1, momentum=0.9))
        for i in range(40):
            gradients(i, params)
            if i in when:
                params[2].grad = tensor(np.random.default_rng(i).normal(size=(2, 4)))
            opt.step()
        results.append((values(params), state_of(opt)))
    assert_same(*results)


def _new_head(opt, params):
    params[2:] = parameters(shapes=[(2, 4), (2,)])
    opt.param_groups[0]["params"] = list(params)


def _frozen(opt, params):
    del opt.param_groups[0]["params"][1]


def _reordered(opt, params):
    opt.param_groups[0]["params"].reverse()


def _groups_reversed(opt, params):
    opt.param_groups.reverse()


def _group_exchanged(opt, params):
    del opt.param_groups[0]
    opt.add_param_group({"params": params[4:], "lr": 0.7})


@pytest.mark.parametrize(
    "edit", [_new_head, _frozen, _reordered, _groups_reversed, _group_exchanged]
)
def test_groups_that_are_edited(edit):
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters(shapes=[*SHAPES, (5,), (3, 2)])
        groups = [{"params": params[:4]}]
        if edit in (_groups_reversed, _group_exchanged):
            groups = [{"params": params[:2]}, {"params": params[2:4], "lr": 0.01}]
        opt = wrap(optim.SGD(groups, lr=0.1, momentum=0.9))
        for i in range(6):
            if i == 3:
                edit(opt, params)
            gradients(i, params)
            opt.step()
        results.append(values(params))
    assert_same(*results)


def _without(opt, params):
    gradients(3, params)
    params[1].grad = None
    opt.step()


def _unkept(opt, params):
    opt.keep_last_step = False
    gradients(3, params)
    opt.step()
    params[0].grad = None
    opt.step()


def _grown(opt, params):
    opt.add_param_group({"params": [nn.Parameter(np.ones(2, np.float32))]})
    params[0].grad = None
    opt.step()


def _copied(opt, params):
    return copy.deepcopy(opt), pickle.loads(pickle.dumps(opt))


def _alone(opt, params):
    opt.elementwise = False
    gradients(3, params)
    opt.step()


def _state_new(opt, params):
    opt.param_groups[0]["amsgrad"] = True
    gradients(3, params)
    opt.step()


@pytest.mark.parametrize("act", [_without, _unkept, _grown, _copied, _alone, _state_new])
def test_the_last_step_can_be_explained_whatever_came_after(act):
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.Adam(params, lr=0.1))
        stepping(params, opt, 3)
        opts = act(opt, params) or (opt,)
        results.append([str(o.explain_step(k)) for o in opts for k in range(4)])
    assert_same(*results)


def test_steps_that_are_tensors_are_counted_one_by_one():
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.Adam(params, lr=0.1))
        gradients(0, params)
        opt.step()
        for p in params:
            opt.state[p]["step"] = tensor(5.0)
        for i in range(1, 4):
            gradients(i, params)
            params[i].grad = None
            opt.step()
        results.append((values(params), [float(opt.state[p]["step"]) for p in params]))
    assert_same(*results)


def test_versions_go_on():
    p, q = (nn.Parameter(np.ones((3, 4), np.float32)) for _ in range(2))
    for _ in range(2):
        with tg.no_grad():
            p.mul_(2.0)
    opt = optim.SGD([p, q], lr=0.1)
    gradients(0, [p, q])
    before = p._version, q._version
    opt.step()
    assert is_flat(opt, 2)
    assert (p._version, q._version) == (before[0] + 1, before[1] + 1)


def test_a_gradient_that_comes_and_goes():
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.SGD(params, lr=0.1, momentum=0.9))
        for i in range(50):
            gradients(i, params)
            if i % 2:
                params[i % 4].grad = None
            opt.step()
        results.append((values(params), state_of(opt)))
    assert_same(*results)


def test_copies_and_pickles_train_on_independently():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    opt = optim.Adam(model.parameters(), lr=0.1)
    gradients(0, list(model.parameters()))
    opt.step()
    assert is_flat(opt)
    before = values(model.parameters())
    for twin in (
        copy.deepcopy((model, opt)),
        pickle.loads(pickle.dumps((model, opt))),
    ):
        other, its = twin
        assert_same(values(other.parameters()), before)
        mine = list(other.parameters())
        assert all(p is q for p, q in zip(mine, its.param_groups[0]["params"], strict=True))
        for i in range(2):
            gradients(1 + i, mine)
            its.step()
        assert_same(values(model.parameters()), before)
        assert not np.array_equal(values(mine)[0], before[0])


def test_states_of_two_dtypes_are_not_mixed():
    """After one parameter's state was loaded in double precision, each keeps its own."""
    results = []
    for wrap in (lambda o: o, one_by_one):
        params = parameters()
        opt = wrap(optim.Adam(params, lr=0.1))
        gradients(0, params)
        opt.step()
        state = opt.state[params[1]]
        state["exp_avg"] = state["exp_avg"].double()
        stepping(params, opt, 3, 1)
        assert state["exp_avg"].dtype == tg.float64
        results.append((values(params), state_of(opt)))
    assert_same(*results)


# ----------------------------------------------------------------------- the books


def test_a_write_to_one_parameter_is_no_write_to_its_neighbours():
    params = parameters(np.float64)
    opt = optim.SGD(params, lr=0.1, momentum=0.9)
    gradients(0, params, np.float64)
    opt.step()
    assert is_flat(opt)
    out = (params[0] * params[0]).sum()
    with tg.no_grad():
        params[1].add_(1.0)
    out.backward()
    np.testing.assert_allclose(params[0].grad.numpy(), 2 * values(params)[0] + _grads(0)[0])


def _grads(i):
    fixed = np.random.default_rng(100 + i)
    return [fixed.normal(size=s) for s in SHAPES]


def test_a_step_is_a_write_to_each():
    params = parameters(np.float64)
    opt = optim.SGD(params, lr=0.1, momentum=0.9)
    gradients(0, params, np.float64)
    opt.step()
    versions = [p._version for p in params]
    out = (params[2] * params[2]).sum()
    opt.step()
    assert [p._version for p in params] == [v + 1 for v in versions]
    with pytest.raises(RuntimeError, match="mul"):
        out.backward()


def test_gradients_that_somebody_keeps_stay_what_they_were():
    params = parameters()
    opt = optim.SGD(params, lr=0.1, momentum=0.9)
    kept = []
    for i in range(3):
        gradients(i, params)
        kept.append([p.grad for p in params])
        opt.step()
        opt.zero_grad()
    for i, grads in enumerate(kept):
        for g, expected in zip(grads, _grads(i), strict=True):
            np.testing.assert_array_equal(g.numpy(), expected.astype(np.float32))


def test_memory_of_the_vectors_is_given_back():
    params = parameters()
    opt = optim.Adam(params)
    gradients(0, params)
    opt.step()
    gc.disable()
    try:
        vector = weakref.ref(opt._flats[0].block)
        del opt, params
        assert vector() is None
    finally:
        gc.enable()


def test_a_step_calls_the_classes_that_it_is_mixed_with():
    class Counted(optim.Optimizer):
        count = 0

        def step(self, closure=None):
            self.count += 1
            return super().step(closure)

    for rule in (optim.SGD, optim.Adam):
        kind = type("Mixed", (rule, Counted), {})
        params = parameters()
        opt = kind(params, lr=0.1)
        gradients(0, params)
        opt.step()
        assert opt.count == 1


@pytest.mark.parametrize("seen", [False, True])
@pytest.mark.parametrize("change", ["move", "reverse"])
def test_a_parameter_that_changes_its_group_loses_no_step(change, seen):
    def run(make):
        p = parameters()
        opt = make(optim.Adam([{"params": p[:2]}, {"params": p[2:]}], lr=0.1))
        if seen:
            assert opt.state is not None
        stepping(p, opt, 3)
        groups = opt.param_groups
        if change == "move":
            groups[0]["params"].append(groups[1]["params"].pop())
        else:
            groups.reverse()
        stepping(p, opt, 3, 3)
        return values(p), [opt.state[q]["step"] for q in p]

    (a, steps), (b, _) = run(lambda opt: opt), run(one_by_one)
    assert_same(a, b)
    assert steps == [6] * 4


@pytest.mark.parametrize("seen", [False, True])
def test_a_step_that_fails_counts_the_same_whether_somebody_looked_or_not(seen):
    p = parameters()
    opt = optim.Adam(p, lr=0.1)
    if seen:
        assert opt.state is not None
    stepping(p, opt, 3)
    opt.param_groups[0]["lr"] = None
    with pytest.raises(TypeError):
        stepping(p, opt, 1, 3)
    opt.param_groups[0]["lr"] = 0.1
    stepping(p, opt, 2, 4)
    assert [opt.state[q]["step"] for q in p] == [6] * 4


def test_a_write_to_one_state_is_no_write_to_another():
    p = parameters()
    opt = optim.Adam(p, lr=0.1)
    stepping(p, opt, 1)
    mean = opt.state[p[0]]["exp_avg"]
    w = tensor(np.ones(mean.shape), requires_grad=True)
    loss = (w * mean).sum()
    opt.state[p[0]]["exp_avg_sq"].zero_()
    opt.state[p[1]]["exp_avg"].zero_()
    loss.backward()
    assert mean._version == 0
    np.testing.assert_allclose(w.grad.numpy(), mean.numpy())


def test_a_state_that_somebody_emptied_begins_anew():
    p = parameters()
    opt = optim.Adam(p, lr=0.1)
    stepping(p, opt, 2)
    opt.state[p[0]].clear()
    stepping(p, opt, 2, 2)
    assert [opt.state[q]["step"] for q in p] == [2, 4, 4, 4]


def test_a_parameter_in_columns_stays_as_it_lies():
    p = [nn.Parameter(tensor(np.asfortranarray(np.ones((3, 4), "f")))), *parameters()]
    stepping(p, optim.Adam(p), 2)
    assert p[0].stride() == (1, 3) and not p[0].is_contiguous()


def test_a_state_of_an_earlier_version_trains_on():
    p = parameters()
    opt = optim.Adam(p, lr=0.1)
    stepping(p, opt, 1)
    state = opt.__getstate__()
    again = object.__new__(optim.Adam)
    again.__setstate__({**state, "_flats": []})  # as it was kept once
    stepping(p, again, 1, 1)
    assert [again.state[q]["step"] for q in p] == [2] * 4
