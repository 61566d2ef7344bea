"""The numeric inversion on a CPU: the operations of a plan, over a group of pixels (lanes) at once.

Lanes never mix, so the result of a pixel does not depend on its neighbours, on blocks or on threads. Float64 throughout, for the
normal equations square the condition of the network.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from .lanes import LANES, absolute, fill, finite, floor, least_lane, less, load, maximum, minimum, read, root, store, write

# Of lanes.py: numba's cache of compiled kernels looks at this file only, and has to notice a change of that one.
LANES_HASH = "2e52f483c3e0d1db"

LEAST_SQUARES, L1, HUBER, STUDENT = 0, 1, 2, 3

# Square of the weight of a second difference against the mean interferogram's: far below any data and far above rounding.
BRIDGE = 1e-8
L1_FLOOR_MM = 0.05
# An interferogram with less redundancy is checked by no other.
LEAST_REDUNDANCY = 0.05

_compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def _normal(y, u, first, second, entry, a, b):  # type: ignore[no-untyped-def]
    """Normal matrix and right side; ``first`` and ``second`` are positions. Two interferograms of the same dates add up."""
    nothing = fill(0.0)
    for e in range(len(a)):
        store(a, e, nothing)
    for p in range(len(b)):
        store(b, p, nothing)
    for k in range(len(first)):
        i, j = first[k], second[k]
        w = load(u, k)
        wy = w * load(y, k)
        store(a, j, load(a, j) + w)
        store(b, j, load(b, j) + wy)
        if i >= 0:
            e = entry[k]
            store(a, i, load(a, i) + w)
            store(a, e, load(a, e) - w)
            store(b, i, load(b, i) - wy)


@_compiled
def _normal_l1(y, roots, x, first, second, entry, a, b):  # type: ignore[no-untyped-def]
    """Normal matrix and right side of the next step towards least absolute residuals from the solution ``x``, in one pass.

    Its sums are those of :func:`_normal`, written out: a function for both is a third slower here and a tenth there (measured).
    """
    nothing = fill(0.0)
    for e in range(len(a)):
        store(a, e, nothing)
    for p in range(len(b)):
        store(b, p, nothing)
    for k in range(len(first)):
        i, j = first[k], second[k]
        value = load(y, k)
        r = value - load(x, j)
        if i >= 0:
            r = r + load(x, i)
        w = load(roots, k) / maximum(absolute(r), L1_FLOOR_MM)
        wy = w * value
        store(a, j, load(a, j) + w)
        store(b, j, load(b, j) + wy)
        if i >= 0:
            e = entry[k]
            store(a, i, load(a, i) + w)
            store(a, e, load(a, e) - w)
            store(b, i, load(b, i) - wy)


@_compiled
def _smooth(a, smooth_entry, smooth, weight):  # type: ignore[no-untyped-def]
    """Add the second differences, whose coefficients are ``smooth``."""
    for t in range(len(smooth_entry)):
        for i in range(3):
            for j in range(i + 1):
                e = smooth_entry[t, i, j]
                if e >= 0:
                    store(a, e, load(a, e) + weight * (smooth[t, i] * smooth[t, j]))


@_compiled
def _factorise(a, start, target_start, target):  # type: ignore[no-untyped-def]
    """A = L D L' in place: the diagonal becomes 1 / D, the entries below become L."""
    m = len(start) - 1
    for p in range(m):
        d = 1.0 / load(a, p)
        store(a, p, d)
        t = target_start[p]
        last = m + start[p + 1]
        for i in range(m + start[p], last):
            scaled = load(a, i) * d
            for j in range(i, last):
                at = target[t]
                t += 1
                store(a, at, load(a, at) - scaled * load(a, j))
            store(a, i, scaled)


@_compiled
def _substitute(a, b, start, row):  # type: ignore[no-untyped-def]
    """Solve with a factor, in place."""
    m = len(start) - 1
    for p in range(m):
        x = load(b, p)
        for i in range(start[p], start[p + 1]):
            q = row[i]
            store(b, q, load(b, q) - load(a, m + i) * x)
    for p in range(m - 1, -1, -1):
        x = load(b, p) * load(a, p)
        for i in range(start[p], start[p + 1]):
            x = x - load(a, m + i) * load(b, row[i])
        store(b, p, x)


@_compiled
def _invert_factor(a, start, target_start, target, column):  # type: ignore[no-untyped-def]
    """The entries of the inverse where L has entries, in place (Takahashi's recursion), from the last column to the first."""
    m = len(start) - 1
    for p in range(m - 1, -1, -1):
        first, size = m + start[p], start[p + 1] - start[p]
        for i in range(size):
            store(column, i, load(a, first + i))
            store(a, first + i, fill(0.0))
        t = target_start[p]
        x = load(a, p)
        for i in range(size):
            own = load(column, i)
            total = load(a, first + i) - own * load(a, target[t])
            t += 1
            for j in range(i + 1, size):
                shared = load(a, target[t])
                t += 1
                total = total - load(column, j) * shared
                store(a, first + j, load(a, first + j) - own * shared)
            store(a, first + i, total)
            x = x - own * total
        store(a, p, x)


@_compiled
def _residuals(y, b, first, second, r):  # type: ignore[no-untyped-def]
    for k in range(len(first)):
        x = load(y, k) - load(b, second[k])
        if first[k] >= 0:
            x = x + load(b, first[k])
        store(r, k, x)


@_compiled
def _fetch(data, weights, index, lanes, start, y, w, facts):  # type: ignore[no-untyped-def]
    """Take up the lanes: data with 0 for what is missing, weights with 0 there; rows 0 and 1 of ``facts``: their number and sum.

    Column p of ``weights`` is column p + ``start`` of ``data``.
    """
    nothing, one = fill(0.0), fill(1.0)
    count, total = nothing, nothing
    p0 = index[0]
    run = lanes == LANES and index[LANES - 1] == p0 + LANES - 1  # the last group is padded
    box = np.empty((2, LANES))
    for k in range(len(y)):
        weight = one
        if run:
            value = read(data, k, p0 + start)
            if weights.shape[0]:
                weight = read(weights, k, p0)
        else:
            for v in range(LANES):
                box[0, v] = data[k, index[v] + start]
            value = load(box, 0)
            if weights.shape[0]:
                for v in range(LANES):
                    box[1, v] = weights[k, index[v]]
                weight = load(box, 1)
        weight = finite(weight, less(nothing, weight, weight, nothing), nothing)
        weight = finite(value, weight, nothing)
        value = less(nothing, weight, value, nothing)
        store(y, k, value)
        store(w, k, weight)
        count = count + less(nothing, weight, one, nothing)
        total = total + weight
    store(facts, 0, count)
    store(facts, 1, total)


@_compiled
def _reweigh(w, r, u, loss, tuning, scale):  # type: ignore[no-untyped-def]
    """Weights of the next step from the residuals; ``scale`` is the variance of unit weight."""
    one = fill(1.0)
    for k in range(len(w)):
        base, x = load(w, k), load(r, k)
        if loss == HUBER:
            size = root(base * x * x / scale)
            store(u, k, base * minimum(one, tuning / maximum(size, 1e-100)))
        else:
            store(u, k, base * (tuning + 1.0) / (tuning + base * x * x / scale))


@_compiled
def _closeness(r, w, to_phase, facts):  # type: ignore[no-untyped-def]
    """Rows 2 and 3 of ``facts``: sums of squared residuals and |sum exp(i phase)| of what is used; polynomials, exact to 1e-7."""
    nothing, one = fill(0.0), fill(1.0)
    total, real, imag = nothing, nothing, nothing
    for k in range(len(r)):
        on = less(nothing, load(w, k), one, nothing)
        value = load(r, k)
        total = total + on * value * value
        turns = value * (to_phase / (2 * np.pi))
        x = (turns - floor(turns + 0.5)) * np.pi  # half the angle, within +- pi/2
        q = x * x
        s = x * (1.0 + q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 - q * (1 / 39916800))))))
        real = real + on * (1.0 - 2.0 * s * s)
        c = 1.0 + q * (-1 / 2 + q * (1 / 24 + q * (-1 / 720 + q * (1 / 40320 + q * (-1 / 3628800 + q * (1 / 479001600))))))
        imag = imag + on * s * c
    store(facts, 2, total)
    store(facts, 3, root(real * real + 4.0 * imag * imag))


@_compiled
def _scale(u, r, freedom, prior):  # type: ignore[no-untyped-def]
    """Variance of unit weight: weighted squares over degrees of freedom, drawn towards 1 by ``prior`` degrees."""
    total = fill(prior)
    for k in range(len(u)):
        x = load(r, k)
        total = total + load(u, k) * x * x
    # Without any freedom the residuals are 0, and so would be the scale that reweighting divides by.
    return maximum(total / maximum(freedom + prior, 1e-9), 1e-12)


@_compiled
def solve(  # type: ignore[no-untyped-def]
    data, weights, pixels, rank, first, second, entry, start, row, target_start, target, smooth_entry, smooth, position,
    loss, tuning, prior, iterations, tolerance, to_phase, with_sigma, start_data, offset, displacement, sigma, rms, coherence, worst,
    residual, redundancy,
):  # fmt: skip
    """Invert the given pixels and write their columns of the output.

    ``rank`` is the number of unknowns that the interferograms determine in each of ``pixels``; ``smooth_entry`` joins the rest.
    Column p of ``weights`` and ``worst`` is column p + ``start_data`` of ``data`` and p + ``offset`` of the others. ``worst``, or
    empty, is the largest misfit that an interferogram would have if it were left out. ``residual`` and ``redundancy``
    (n_pairs, n_pixels), or empty: an interferogram's misfit, and one minus its leverage.
    """
    n_pairs, m = len(first), len(start) - 1
    y, w, r = np.empty((n_pairs, LANES)), np.empty((n_pairs, LANES)), np.empty((n_pairs, LANES))
    u = np.empty((n_pairs, LANES)) if loss != LEAST_SQUARES else w
    a, b = np.empty((m + len(row), LANES)), np.empty((m, LANES))
    column = np.empty((np.max(np.diff(start)) if m else 0, LANES))
    best = np.empty((m, LANES)) if loss != LEAST_SQUARES else b
    index, facts, box = np.empty(LANES, np.int64), np.empty((4, LANES)), np.empty((1, LANES))
    nothing, one = fill(0.0), fill(1.0)
    for begin in range(0, len(pixels), LANES):
        lanes = min(LANES, len(pixels) - begin)
        for v in range(LANES):
            at = begin + min(v, lanes - 1)
            index[v] = pixels[at]
            box[0, v] = rank[at]
        _fetch(data, weights, index, lanes, start_data, y, w, facts)
        count = load(facts, 0)
        freedom = maximum(count - load(box, 0), nothing)
        bridge = BRIDGE * load(facts, 1) / maximum(count, 1.0)
        _normal(y, w, first, second, entry, a, b)
        if len(smooth_entry):
            _smooth(a, smooth_entry, smooth, bridge)
        _factorise(a, start, target_start, target)
        _substitute(a, b, start, row)
        _residuals(y, b, first, second, r)
        scale = _scale(w, r, freedom, prior)
        if loss != LEAST_SQUARES:
            for p in range(m):
                store(best, p, load(b, p))
            done = nothing
            if loss == L1:
                for k in range(n_pairs):
                    store(u, k, root(load(w, k)))
            for _ in range(iterations):
                if loss == L1:
                    _normal_l1(y, u, best, first, second, entry, a, b)
                else:
                    _reweigh(w, r, u, loss, tuning, scale)
                    _normal(y, u, first, second, entry, a, b)
                if len(smooth_entry):
                    _smooth(a, smooth_entry, smooth, bridge)
                _factorise(a, start, target_start, target)
                _substitute(a, b, start, row)
                # Where a lane has settled its result stays: what its neighbours still need must not change it.
                change = nothing
                for p in range(m):
                    new, old = load(b, p), load(best, p)
                    change = maximum(change, absolute(new - old))
                    store(best, p, less(nothing, done, old, new))
                done = less(change, fill(tolerance), one, done)
                if loss != L1:
                    _residuals(y, best, first, second, r)
                    scale = less(nothing, done, scale, _scale(u, r, freedom, prior))
                if least_lane(done) > 0.0:
                    break
            if loss == L1:
                _residuals(y, best, first, second, r)
                scale = _scale(w, r, freedom, prior)
            if with_sigma:
                if loss == L1:
                    _normal(y, w, first, second, entry, a, b)
                else:
                    _reweigh(w, r, u, loss, tuning, scale)
                    _normal(y, u, first, second, entry, a, b)
                if len(smooth_entry):
                    _smooth(a, smooth_entry, smooth, bridge)
                _factorise(a, start, target_start, target)
        if with_sigma:
            _invert_factor(a, start, target_start, target, column)
        _closeness(r, w, to_phase, facts)
        nan = fill(np.nan)
        scale = less(nothing, freedom + prior, scale, nan)
        out = index[0] + offset
        run = lanes == LANES and index[LANES - 1] == index[0] + LANES - 1
        for t in range(len(position)):
            p = position[t]
            value = load(best, p) if p >= 0 else nothing
            spread = nothing
            if p >= 0 and with_sigma:
                spread = root(scale * load(a, p))
            if run:
                write(displacement, t, out, value)
                if with_sigma:
                    write(sigma, t, out, spread)
            else:
                store(box, 0, value)
                for v in range(lanes):
                    displacement[t, index[v] + offset] = box[0, v]
                if with_sigma:
                    store(box, 0, spread)
                    for v in range(lanes):
                        sigma[t, index[v] + offset] = box[0, v]
        if with_sigma and worst.shape[0]:
            far = nothing
            for k in range(n_pairs):
                i, j = first[k], second[k]
                spread = load(a, j)
                if i >= 0:
                    spread = spread + load(a, i) - 2.0 * load(a, entry[k])
                on = less(nothing, load(w, k), one, nothing)
                used = load(w, k) if loss == L1 else load(u, k)  # those that the factor was made with
                free = on * (1.0 - used * spread)
                far = maximum(far, less(fill(LEAST_REDUNDANCY), free, absolute(load(r, k)) / free, nothing))
                if residual.shape[0] and run:
                    write(redundancy, k, index[0], maximum(free, nothing))
                    write(residual, k, index[0], load(r, k))
                elif residual.shape[0]:
                    store(box, 0, maximum(free, nothing))
                    for v in range(lanes):
                        redundancy[k, index[v]] = box[0, v]
                    store(box, 0, load(r, k))
                    for v in range(lanes):
                        residual[k, index[v]] = box[0, v]
            store(box, 0, far)
            for v in range(lanes):
                worst[index[v]] = box[0, v]
        for v in range(lanes):
            at = index[v] + offset
            rms[at] = np.sqrt(facts[2, v] / facts[0, v])
            coherence[at] = facts[3, v] / facts[0, v]
