"""Small dense algebra for the compiled pieces."""

from __future__ import annotations

import numpy as np

from .compiled import inner


@inner
def copy(source, target):  # type: ignore[no-untyped-def]
    for a in range(len(target)):
        target[a] = source[a]


@inner
def dot(a, b):  # type: ignore[no-untyped-def]
    total = 0.0
    for t in range(len(a)):
        total += a[t] * b[t]
    return total


@inner
def solve(matrix, right, size, sides, damping, factor):  # type: ignore[no-untyped-def]
    """Solve a symmetric positive definite system in place of ``right`` (size, sides) by Cholesky's method; False where it is not.

    ``damping`` times the diagonal is added to it.
    """
    for i in range(size):
        for j in range(i + 1):
            value = matrix[i, j] * (1.0 + damping * (i == j))
            for k in range(j):
                value -= factor[i, k] * factor[j, k]
            if i > j:
                factor[i, j] = value / factor[j, j]
            elif value > 1e-11 * abs(matrix[i, i]):
                factor[i, i] = np.sqrt(value)
            else:
                return False
    for c in range(sides):
        for i in range(size):
            for k in range(i):
                right[i, c] -= factor[i, k] * right[k, c]
            right[i, c] /= factor[i, i]
        for i in range(size - 1, -1, -1):
            for k in range(i + 1, size):
                right[i, c] -= factor[k, i] * right[k, c]
            right[i, c] /= factor[i, i]
    return True
