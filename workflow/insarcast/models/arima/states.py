"""The ARMA process in Harvey's form, with a level and its rate: its start and its step to the next date."""

from __future__ import annotations

from .compiled import inner


@inner
def harvey(arma, p, q, phi, load):  # type: ignore[no-untyped-def]
    """First column of the transition and loads of the innovation; returns the size of the state."""
    phi[:] = 0.0
    load[:] = 0.0
    load[0] = 1.0
    for i in range(p):
        phi[i] = arma[i]
    for i in range(q):
        load[i + 1] = arma[p + i]
    return max(p, q + 1)


@inner
def stationary(phi, load, r, cov, system):  # type: ignore[no-untyped-def]
    """Covariance of the ARMA state in Harvey's form: its first row from r linear equations, the rest by the recursion."""
    for j in range(r):
        for i in range(r + 1):
            system[j, i] = 0.0
        system[j, j] += 1.0
        for k in range(r - j):
            system[j, 0] -= phi[k] * phi[j + k]
            if j + k + 1 < r:
                system[j, j + k + 1] -= phi[k]
            if k + 1 < r:
                system[j, k + 1] -= phi[j + k]
            system[j, r] += load[k] * load[j + k]
    for j in range(r):  # Gauss-Jordan with pivots
        best = j
        for i in range(j + 1, r):
            if abs(system[i, j]) > abs(system[best, j]):
                best = i
        for i in range(r + 1):
            system[j, i], system[best, i] = system[best, i], system[j, i]
        for i in range(r):
            if i != j:
                factor = system[i, j] / system[j, j]
                for k in range(j, r + 1):
                    system[i, k] -= factor * system[j, k]
    for j in range(r):
        cov[0, j] = cov[j, 0] = system[j, r] / system[j, j]
    for i in range(r - 1, 0, -1):
        for j in range(r - 1, i - 1, -1):
            value = phi[i] * phi[j] * cov[0, 0] + load[i] * load[j]
            if j + 1 < r:
                value += phi[i] * cov[0, j + 1] + phi[j] * (cov[0, i + 1])
                value += cov[i + 1, j + 1]
            elif i + 1 < r:
                value += phi[j] * cov[0, i + 1]
            cov[i, j] = cov[j, i] = value


@inner
def advance(mean, cov, phi, load, r, d):  # type: ignore[no-untyped-def]
    """To the next date: ARMA part, then the level (row r), which for d > 0 adds it up, and its rate (row r + 1) for d = 2."""
    wide = r + 1 + (d == 2)
    for c in range(len(mean)):
        move(mean[c], phi, r, d)
    for j in range(wide):
        move(cov[:, j], phi, r, d)
    for i in range(wide):
        move(cov[i], phi, r, d)
    for i in range(wide):
        for j in range(wide):
            at = load[i] if i < r else (1.0 if d else 0.0)
            to = load[j] if j < r else (1.0 if d else 0.0)
            cov[i, j] += at * to


@inner
def move(state, phi, r, d):  # type: ignore[no-untyped-def]
    first = state[0]
    for i in range(r - 1):
        state[i] = phi[i] * first + state[i + 1]
    state[r - 1] = phi[r - 1] * first
    if d == 2:
        state[r + 1] += state[0]
        state[r] += state[r + 1]
    elif d == 1:
        state[r] += state[0]
