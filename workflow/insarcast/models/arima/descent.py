"""Levenberg and Marquardt's descent to the least sum of squares, conditional or exact."""

from __future__ import annotations

import numpy as np

from .algebra import copy, dot, solve
from .compiled import inner
from .conditional import constrain, css
from .likelihood import exact_sum

FARTHEST = 5.0  # partial autocorrelations end at tanh(5) = 0.9999
STEP = 1e-5  # of the difference quotients of the likelihood


@inner
def descend(u, conditional, tolerance, limit, residual, slopes, problem, space, steps, work):  # type: ignore[no-untyped-def]
    """Least sum of squares, where ``u`` ends, by Levenberg-Marquardt; left alone where it is above ``limit`` at first.

    The exact sum has residuals that stay large and curved, for which the second derivatives are built up from step to step.
    ``residual`` (2, time) and ``slopes`` (2, parameter, time) hold the present place and the one tried.
    """
    size, now = len(u), 0
    normal, factor, step, trial, extra, gram, pull, pulled, side = steps
    jacobian = space[1]
    residual[:] = 0.0
    slopes[:] = 0.0
    extra[:] = 0.0
    best = cost_of(u, conditional, slopes[0], residual[0], problem, space, work)
    damping, fresh, curved = 1e-3, True, False
    for attempt in range(60):
        if best > limit:
            break
        if fresh:
            if not conditional:
                quotients(u, slopes[now], residual[now], problem, space, trial, work)
            for a in range(size):
                pulled[a], side[a] = pull[a], dot(slopes[now, a], residual[now])
                for b in range(a + 1):
                    gram[a, b] = gram[b, a] = dot(slopes[now, a], slopes[now, b])
            for a in range(size):
                pull[a] = side[a]
            if conditional:  # by u rather than by the parameters
                turn(gram, pull, jacobian, factor, side)
            elif attempt:
                curve(extra, step[:, 0], slopes[now], slopes[1 - now], residual[now], pull, pulled, side)
            curved = not conditional
        for a in range(size):
            step[a, 0] = -pull[a]
            for b in range(size):
                normal[a, b] = gram[a, b] + extra[a, b] * curved
        for a in range(size):
            if not normal[a, a] > 0.0 or (abs(u[a]) >= FARTHEST and step[a, 0] * u[a] > 0):  # it stays, and the others go on
                normal[a] = 0.0
                normal[:, a] = 0.0
                normal[a, a], step[a, 0] = 1.0, 0.0
        longest, cost, fresh = 0.0, np.inf, False
        if solve(normal, step, size, 1, damping, factor):
            for a in range(size):
                longest = max(longest, abs(step[a, 0]))
            share = min(1.0, 1.0 / longest) if longest > 0 else 1.0
            for a in range(size):
                trial[a] = min(max(u[a] + share * step[a, 0], -FARTHEST), FARTHEST)
                step[a, 0] = trial[a] - u[a]
            cost = cost_of(trial, conditional, slopes[1 - now], residual[1 - now], problem, space, work)
        if cost < best:
            gained = (best - cost) / best
            now, best, fresh = 1 - now, cost, True
            copy(trial, u)
            damping = max(damping / 10, 1e-9)
            if gained < tolerance:
                break
        elif curved and attempt:
            curved = False  # once more by the derivatives alone
        else:
            damping *= 10
            if longest < 1e-5 or damping > 1e6:
                break
    return best


@inner
def cost_of(u, conditional, slopes, residual, problem, space, work):  # type: ignore[no-untyped-def]
    """Conditional or exact sum of squares at u, its residuals, and of the conditional ones the derivatives by the parameters."""
    series, kind, z, known, p, d, q, whole = problem
    arma, jacobian, full, imputed = space
    constrain(u, p, q, arma, jacobian)
    if not conditional:
        return exact_sum(series, kind, arma, p, d, q, whole, work, residual)
    return css(z, known, arma, p, q, residual, slopes, full, imputed)


@inner
def quotients(u, slopes, residual, problem, space, trial, work):  # type: ignore[no-untyped-def]
    """Derivatives of the exact residuals by u."""
    for a in range(len(u)):
        copy(u, trial)
        trial[a] += STEP if u[a] < 0 else -STEP  # never beyond the farthest
        cost_of(trial, False, slopes, slopes[a], problem, space, work)
        share = 1.0 / (trial[a] - u[a])
        for t in range(len(residual)):
            slopes[a, t] = (slopes[a, t] - residual[t]) * share


@inner
def curve(extra, step, slopes, before, residual, pull, pulled, side):  # type: ignore[no-untyped-def]
    """What the residuals' own curvature adds to the products of their derivatives, from the last step (Dennis, Gay & Welsch 1981)."""
    size, rise, own, old = len(step), 0.0, 0.0, 0.0
    for a in range(size):
        side[a] = pull[a] - dot(before[a], residual)
        rise += step[a] * (pull[a] - pulled[a])
        own += step[a] * side[a]
        for b in range(size):
            old += step[a] * extra[a, b] * step[b]
    if not rise > 0.0:
        return
    share = min(1.0, abs(own) / abs(old)) if old != 0.0 else 1.0
    inner = own - share * old
    for a in range(size):
        for b in range(size):
            extra[a, b] *= share
    for a in range(size):
        for b in range(size):
            side[a] -= extra[a, b] * step[b]
    for a in range(size):
        for b in range(size):
            ya, yb = pull[a] - pulled[a], pull[b] - pulled[b]
            extra[a, b] += (side[a] * yb + ya * side[b]) / rise - inner * ya * yb / rise**2


@inner
def turn(gram, pull, jacobian, spare, side):  # type: ignore[no-untyped-def]
    """Products of derivatives by the parameters become those by u."""
    size = len(pull)
    for a in range(size):
        side[a] = 0.0
        for b in range(size):
            side[a] += jacobian[b, a] * pull[b]
            spare[a, b] = 0.0
            for i in range(size):
                for j in range(size):
                    spare[a, b] += jacobian[i, a] * gram[i, j] * jacobian[j, b]
    for a in range(size):
        pull[a] = side[a]
        for b in range(size):
            gram[a, b] = spare[a, b]
