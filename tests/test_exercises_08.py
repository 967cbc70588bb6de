"""The exercises of notebook 08: what they accept, how they name a mistake, and what the prose claims."""

import numpy as np
import pytest
from exercises import said

from bptt_helpers import checks, flow, labs, rnn, two_steps
from bptt_helpers.labs.truncate import network

# ----------------------------------------------------------------------------------------------------------
# kept


def test_the_packaged_masks_get_it(capsys):
    def mine(t, k, n):
        return flow.kept_by_window(len(t), n), flow.kept_by_chunk(len(t), n)

    assert said(capsys, checks.kept, mine) == "got it"
    assert said(capsys, checks.kept, lambda t, k, n: list(mine(t, k, n))) == "got it"
    assert said(capsys, checks.kept, lambda t, k, n: [mask * 1.0 for mask in mine(t, k, n)]) == "got it"


def test_the_loop_that_runs_one_step_more_is_named(capsys):
    def published(t, k, n):  # max(0, t - n) … t, both ends counted
        return (k >= np.maximum(0, t - n)) & (k < t + 1), (k <= t) & (t // n == k // n)

    assert "<= lets it look back n + 1 steps" in said(capsys, checks.kept, published)


@pytest.mark.parametrize(
    ("attempt", "hint"),
    [
        (lambda t, k, n: 0 <= t - k < n, "between matrices write &"),
        (lambda t, k, n: ((k <= t) & (t - k < n),), "expected 2 values"),
        (lambda t, k, n: ((t <= k) & (k - t < n), (k <= t) & (t // n == k // n)), "yours is transposed"),
        (lambda t, k, n: (k <= t) & (t - k < n), "expected 2 values"),
        (lambda t, k, n: (True, False), "value 0: yours has shape (), it should be (7, 7)"),
    ],
)
def test_what_does_not_get_it_is_told_why(capsys, attempt, hint):
    sentence = said(capsys, checks.kept, attempt)
    assert sentence.startswith("not yet: ")
    assert hint in sentence


@pytest.mark.parametrize("attempt", [lambda t, k, n: (..., ...), ..., lambda t, k, n: ... & (t - k < n)])
def test_no_masks_yet(capsys, attempt):
    assert said(capsys, checks.kept, attempt) == "not attempted yet"


def test_one_mask_alone_is_told_to_go_on(capsys):
    sentence = said(capsys, checks.kept, lambda t, k, n: ((k <= t) & (t - k < n), ...))
    assert "value 1 is still ..." in sentence


# ----------------------------------------------------------------------------------------------------------
# sweep_in_chunks


def test_a_sweep_chunk_by_chunk_gets_it(capsys):
    def mine(ds, slopes, W, n):
        dz = np.zeros_like(ds)
        for start in range(0, len(ds), n):
            future = np.zeros(len(W))
            for t in reversed(range(start, min(start + n, len(ds)))):
                dz[t] = slopes[t] * (ds[t] + future)
                future = W.T @ dz[t]
        return dz

    assert said(capsys, checks.sweep_in_chunks, mine) == "got it"


def test_the_solution_is_the_packaged_truncation():
    rng = np.random.default_rng(3)
    params = rnn.init_params(3, 4, 3, rng=rng)
    trace, y = rnn.forward(params, rng.normal(size=(11, 3))), rng.integers(3, size=11)
    ds = rnn.error_at_logits(trace.o, y) @ params.V
    for n in (1, 2, 4, 11, 20):
        dz = checks.solutions.sweep_in_chunks(ds, 1 - trace.s**2, params.W, n)
        packaged = flow.truncated(params, trace, y, chunk=n)
        np.testing.assert_allclose(dz.T @ trace.s_prev, packaged.W, rtol=1e-12, atol=1e-14)


def test_setting_the_future_to_zero_after_it_was_used_cuts_one_step_early(capsys):
    def mine(ds, slopes, W, n):
        dz, from_future = np.zeros_like(ds), 0
        for t in reversed(range(len(ds))):
            dz[t] = slopes[t] * (ds[t] + from_future)
            from_future = dz[t] @ W
            if (t + 1) % n == 0:
                from_future = 0
        return dz

    assert "the cut lies one step early" in said(capsys, checks.sweep_in_chunks, mine)


def test_what_comes_from_the_future_goes_through_the_squashing_as_well(capsys):
    def mine(ds, slopes, W, n):
        dz, from_future = np.zeros_like(ds), 0
        for t in reversed(range(len(ds))):
            if (t + 1) % n == 0:
                from_future = 0
            dz[t] = slopes[t] * ds[t] + from_future
            from_future = dz[t] @ W
        return dz

    sentence = said(capsys, checks.sweep_in_chunks, mine)
    assert "from_future goes through the squashing as well: slopes[t] * (ds[t] + from_future)" in sentence


def test_no_sweep_yet(capsys):
    assert said(capsys, checks.sweep_in_chunks, lambda ds, slopes, W, n: ...) == "not attempted yet"


# ----------------------------------------------------------------------------------------------------------
# What the prose says


def test_42_and_30_of_78_pairs():
    assert flow.kept_by_window(12, 4).sum() == 42
    by_chunk = flow.kept_by_chunk(12, 4)
    assert by_chunk.sum() == 30
    assert by_chunk.sum(axis=1).tolist() == [1, 2, 3, 4] * 3
    assert by_chunk.sum(axis=1).mean() == 2.5
    assert flow.kept_by_window(12, 4).sum(axis=1).tolist() == [1, 2, 3, *[4] * 9]
    assert np.tri(12).sum() == 78
    assert not (by_chunk & ~flow.kept_by_window(12, 4)).any()


def test_one_step_alone_has_the_wrong_sign_and_leads_uphill():
    given = {"w": 0.9, "k": 0.1, "v": (1.5, -1.0), "x": (1.0, -0.5), "s_init": 0.0, "target": 0}
    two = two_steps.run(u=0.6, **given)
    alone, before = two.paths["u"]
    assert [round(float(value), 4) for value in (alone, before, alone + before)] == [0.3386, -0.3868, -0.0483]
    assert f"{abs(alone / (alone + before)):.2f}" == "7.02"
    assert two.paths["w"][1] == 0
    losses = [two_steps.run(u=0.6 - 0.5 * g, **given).values["E"] for g in (two.gradient["u"], 0, alone)]
    assert losses == sorted(losses)
    lab = labs.truncate(example="by hand", window=1, chunk=1)
    assert "+0.3386" in lab.words.value
    assert "−0.0483" in lab.words.value


def test_the_angles_of_windows_and_chunks():
    numbers = labs.truncate().numbers
    window, chunk = (dict(enumerate(numbers[name], start=1)) for name in ("angles_window", "angles_chunk"))
    assert [round(window[n]) for n in (13, 18, 20)] == [18, 38, 49]
    assert [round(chunk[n]) for n in (11, 12)] == [22, 72]
    assert round(numbers.lengths_window[17], 2) == 1.03
    assert min(window[n] for n in range(1, 20)) == window[13]  # the best below 20
    assert max(window[48], chunk[48]) < 1e-9
    along = np.diff(numbers.lengths_window * np.cos(np.radians(numbers.angles_window)))
    assert (np.flatnonzero(along < 0) + 1).tolist() == [*range(13, 22), *range(33, 40), 47]  # lags
    assert next(n for n in range(14, 49) if window[n] < window[13]) == 39
    assert labs.truncate(radius=0.5).numbers.angles_window[19] < 0.0001


def courses(loss, gradients):
    """The angles in degrees for n = 1 … 48 that the seeds 0 to 99 give, (100, 48)."""
    given = {"T": 48, "radius": 1.1, "loss": loss, "func": "tanh", "H": 12}
    several = [gradients(*network(**given, seed=seed)) for seed in range(100)]
    return np.array([flow.angle_and_length(g, tuple(part[-1] for part in g)).angle for g in several])


def setbacks(angles):
    """How far above its best so far an angle rises, the largest of each row: (100,)."""
    return (angles - np.minimum.accumulate(angles, axis=1)).max(axis=1)


def test_seed_70_is_picked_and_how_other_seeds_fare():
    windows = setbacks(courses("every", flow.window_gradients))
    assert windows.argmax() == 70
    assert round(windows.max()) == 33
    assert f"{np.median(windows):.1f}" == "0.7"
    assert [(windows >= 0.05).sum(), (windows > 10).sum()] == [85, 3]
    assert round(np.median(setbacks(courses("every", flow.chunk_gradients)))) == 27
    uphill = (courses("last", flow.window_gradients) > 90).any(axis=1)
    assert np.flatnonzero(uphill).tolist() == [45, 55, 66, 70]


def test_what_is_cut_off_can_be_learned_all_the_same_by_luck():
    """The class shown at step 0, asked for 11 steps later, with a window of 1: V learns to read the state."""
    rng = np.random.default_rng(0)
    T, classes = 12, 2
    first = rng.integers(classes, size=64)
    x = rng.integers(classes, classes + 2, size=(T, 64))  # what is read in between, at random
    x[0] = first
    y = np.full((T, 64), -1)
    y[-1] = first
    params = rnn.init_params(classes + 2, 12, classes, rng=rng, spectral_radius=1.1)
    right = []
    for _ in range(21):
        trace = rnn.forward(params, x)
        right.append((trace.q[-1].argmax(axis=-1) == first).mean())
        gradient = flow.truncated(params, trace, y, window=1)
        assert not gradient.U[:, :classes].any()  # the columns that carry the class
        steps = {name: getattr(params, name) - 0.01 * getattr(gradient, name) for name in params._fields}
        params = params._replace(**steps)
    assert right[0] < 0.6
    assert right[-1] == 1


def test_the_first_character_is_never_heard_of():
    numbers = labs.truncate(loss="last", window=20, chunk=20).numbers
    params, trace, y = numbers.params, numbers.trace, numbers.y
    E = trace.x[0]
    assert (trace.x == E).sum() == 1
    whole = rnn.backward(params, trace, y).U
    assert np.linalg.norm(whole[:, E]) == pytest.approx(1.07, abs=0.005)
    assert np.linalg.norm(whole[:, E]) / np.linalg.norm(whole) == pytest.approx(1 / 3, abs=0.02)
    for n in (1, 20, 47):
        assert not flow.truncated(params, trace, y, window=n).U[:, E].any()
    uphill = np.flatnonzero(numbers.angles_window > 90) + 1
    assert uphill.tolist() == list(range(2, 27))
    assert round(numbers.angles_window.max()) == 137
    before, after = rnn.cross_entropy(trace.q, y).sum(), []
    for n in (1, 2, 20, 26, 27):
        gradient = flow.truncated(params, trace, y, window=n)
        step = {name: getattr(params, name) - 1e-4 * getattr(gradient, name) for name in "UWk"}
        q = rnn.forward(params._replace(**step), trace.x).q
        after.append(rnn.cross_entropy(q, y).sum() > before)
    assert after == [False, True, True, True, False]
    for n in (12, 24, 47):  # chunks with a border between the first step and the last
        assert not flow.truncated(params, trace, y, chunk=n).U[:, E].any()
    V, c = (getattr(rnn.backward(params, trace, y), name) for name in "Vc")
    cut = flow.truncated(params, trace, y, window=1)
    np.testing.assert_allclose(cut.V, V, rtol=1e-12)
    np.testing.assert_allclose(cut.c, c, rtol=1e-12)
    assert numbers.angles_chunk[46] == pytest.approx(numbers.angles_chunk[0])  # chunks of 47 and of 1


def test_products_with_W_and_states_of_48_steps_cut_at_20():
    assert flow.kept_by_window(48, 20).sum() - 48 == 722  # each error's own walk
    heard = flow.kept_by_chunk(48, 20)
    assert np.diagonal(heard, -1).sum() == 45  # steps that hear the one after them
    assert heard.sum(axis=1).max() == flow.kept_by_window(48, 20).sum(axis=1).max() == 20  # states to keep


def test_draws_are_far_from_the_true_gradient_rarely_and_hugely():
    numbers = labs.truncate(T=12, window=4, chunk=4).numbers
    params, x, y = numbers.params, numbers.trace.x[:10], numbers.y[:10]
    trace = rnn.forward(params, x)
    true = rnn.backward(params, trace, y).W
    places = np.array(list(np.ndindex(*[2] * 9)), dtype=bool)
    typical, median, farthest = {}, {}, {}
    for p in (0.1, 0.5):
        chance = np.where(places, p, 1 - p).prod(axis=1)
        each = [flow.randomly_truncated(params, trace, y, np.array([False, *cuts]), p).W for cuts in places]
        distance = np.linalg.norm(np.array(each) - true, axis=(1, 2)) / np.linalg.norm(true)
        typical[p] = np.sqrt(chance @ distance**2)
        order = distance.argsort()
        median[p] = distance[order][np.searchsorted(chance[order].cumsum(), 0.5)]
        farthest[p] = distance.max()
    assert [round(spread, 1) for spread in typical.values()] == [0.6, 3.7]
    assert f"{median[0.5]:.2f}" == "0.95"
    assert round(farthest[0.5]) == 43
    each = [flow.randomly_truncated(params, trace, y, np.array([False, *cuts]), 0).W for cuts in places]
    angle, _ = flow.angle_and_length(np.mean(each, axis=0), true)  # cut by half, what passes as it is
    assert f"{angle:.1f}" == "53.8"
