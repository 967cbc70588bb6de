"""Solutions of the small exercises, in the form the exercise asks for: `checks.show(solutions.unroll)`.

Each is the right answer that its check holds attempts against, so it cannot go stale. Not here: those that
a packaged function answers as it stands (rnn.softmax, rnn.backward, …); there that function is shown.
"""

import numpy as np


def next_state(u, w, k, x, s_prev, func=np.tanh):
    """The new state, a number, from the new input and the state before (S15)."""
    return func(u * x + w * s_prev + k)


def unroll(u, w, k, x, s_init):
    """The list [s_0, …, s_{T-1}] of numbers, for x (T,) and func tanh (S15)."""
    states, s = [], s_init
    for x_t in x:
        s = np.tanh(u * x_t + w * s + k)  # on the right the state before, on the left the new one
        states.append(s)
    return states


def forward_step(x, s_prev, U, W, k):
    """The new state (H,) from x (D,) and s_prev (H,): S1, with its bias."""
    return np.tanh(U @ x + W @ s_prev + k)  # (H, D) x (D,) + (H, H) x (H,) + (H,) -> (H,)


def cross_entropy(q, y):
    """The loss of a sequence, one number (S3, S4), from logits q (T, C) and class numbers y (T,)."""
    shifted = q - q.max(axis=1, keepdims=True)  # (T, C)  at most 0, so exp cannot overflow
    log_o = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (T, C)
    return -log_o[np.arange(len(y)), y].sum()  # (T,) -> ()  the target's entry in every row


def jacobian(s, W):
    """ds_t/ds_{t-1} = diag(f'(z_t)) W for tanh, (H, H), from the new state s (H,) and W (H, H)."""
    return (1 - s**2)[:, None] * W  # (H, 1) x (H, H) -> (H, H)  row i is scaled by the slope of unit i


def log10_reaching(error, s, W):
    """log10 of the length of error (H,) after all T steps back, for states s (T, H) of tanh and W (H, H)."""
    total = np.log10(np.linalg.norm(error))
    error = error / np.linalg.norm(error)
    for t in reversed(range(len(s))):
        error = ((1 - s[t] ** 2) * error) @ W  # (H,) x (H, H) -> (H,)
        length = np.linalg.norm(error)
        total, error = total + np.log10(length), error / length  # what is carried on has length 1
    return total


def kept(t, k, n):
    """Which errors t (T, 1) reach which copies k (1, T): (by_window, by_chunk), boolean matrices (T, T)."""
    by_window = (k <= t) & (t - k < n)  # n steps, the error's own included
    by_chunk = (k <= t) & (t // n == k // n)  # both lie in the same chunk
    return by_window, by_chunk


def sweep_in_chunks(ds, slopes, W, n):
    """dz (T, H) when the sequence is cut every n steps, from ds (T, H), slopes (T, H) and W (H, H)."""
    dz = np.zeros_like(ds)
    from_future = np.zeros_like(ds[0])
    for t in reversed(range(len(ds))):
        if (t + 1) % n == 0:  # step t + 1 begins the next chunk: what it passes on is not heard
            from_future = np.zeros_like(ds[0])
        dz[t] = slopes[t] * (ds[t] + from_future)  # (H,)  the step's own loss is never cut
        from_future = dz[t] @ W  # (H,) x (H, H) -> (H,)
    return dz


def fold(w):
    """The two b, low and high, at which s = tanh(w s + b) touches the diagonal, for a number w above 1."""
    s = np.sqrt(1 - 1 / w)  # slope 1: w (1 - s²) = 1
    low = np.arctanh(s) - w * s  # s = tanh(w s + b), solved for b
    return low, -low


def forget_bias(n, share):
    """The bias of the forget gate with which n steps without input leave that share of the cell."""
    f = share ** (1 / n)  # n gates, multiplied, are the share
    return np.log(f / (1 - f))  # the inverse of sigmoid


def chance(marks, low, high):
    """The mean squared error of always saying the mean of a sum of `marks` uniform draws of low … high."""
    return marks * (high - low) ** 2 / 12  # the variance of one draw; those of independent draws add up


def loss_with_memory(T, n):
    """The loss in tasks.adding(T), T even, of one who knows the last n steps and no others."""
    sees_late = min(n, T / 2) / (T / 2)  # the probability that the late mark is among the last n steps
    sees_early = max(0, n - T / 2) / (T / 2)
    return (2 - sees_late - sees_early) / 12  # its variance for a number not seen: (1 - n / T) / 6


def count_loss(learnt, asked, C):
    """The mean of -ln p over classes asked (m,), with p from the counts in learnt (n,), C classes."""
    counts = np.bincount(learnt, minlength=C) + 1  # (C,)  nothing is impossible
    p = counts / counts.sum()  # (C,)
    return -np.log(p[asked]).mean()  # (m,) -> ()


def softmax_at(q, temperature):
    """softmax(q / temperature) for logits q (C,) and a temperature above 0."""
    q = q / temperature  # first: what is to be below exp's reach is the quotient
    o = np.exp(q - q.max())
    return o / o.sum()
