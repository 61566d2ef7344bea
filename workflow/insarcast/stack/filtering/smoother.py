"""The smooth part of displacement series: a line and a Gaussian process, among candidates that are weighed by evidence.

A pixel's series is a constant, a velocity, a smooth deviation and noise of each date. The deviation is one of some candidates:
cubic splines (integrated Wiener processes) of some strengths, none at all among them, each with yearly courses of some strengths,
none among them; and random walks. The strengths count in units of the noise. The candidates' restricted likelihoods, pooled over a
small window, weigh their posterior means (Rasmussen and Williams 2006, 2.7; Harville 1977). All pixels share dates and noise of the
dates, so a candidate is one operator for all of them.

With equal noise of all dates the least-squares velocity of a series is kept to the last digits: what is taken off has no trend.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import correlate1d

Float = npt.NDArray[np.float64]

# Standard deviation after a year in units of the noise: of the rate (spline), of the position (random walk, yearly course).
_SPLINES = (0.0, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_WALKS = (30.0, 100.0)  # for ground that jumps
_YEARLY = (0.0, 0.3, 1.0, 3.0)
_ALIKE = 3.0  # pixels of a window that count as independent: noise is alike in neighbours
_LEAST = 1e-3  # weight below which a candidate is left out


@dataclass(frozen=True, eq=False)
class Smoother:
    """Everything that all pixels share.

    Args:
        years: (n_dates,) time in years.
        noise: (n_dates,) variance of each date's noise, in units of the usual one.
    """

    years: Float
    noise: Float

    @cached_property
    def candidates(self) -> list[Float]:
        """Covariances of the deviation, (n_dates, n_dates) each."""
        early, late = np.minimum.outer(self.years, self.years), np.maximum.outer(self.years, self.years)
        spline, walk = early**2 * (3 * late - early) / 6, early
        yearly = np.cos(2 * np.pi * np.subtract.outer(self.years, self.years))
        smooth = [scale**2 * spline + swing**2 * yearly for scale in _SPLINES for swing in _YEARLY]
        return smooth + [scale**2 * walk for scale in _WALKS]

    @cached_property
    def trend(self) -> Float:
        """(n_dates, 2) constant and time."""
        return np.stack([np.ones(len(self.years)), self.years], 1)

    @cached_property
    def full(self) -> list[tuple[Float, float]]:
        """Of each candidate the projection P, (n_dates, n_dates), with noise * P y the residual, and its log-determinant."""
        return [self._projection(kernel, len(self.years))[::2] for kernel in self.candidates]

    def _projection(self, kernel: Float, n: int) -> tuple[Float, Float, float]:
        """P of the first n dates, the operator of constant and rate, and log|V| + log|H' V^-1 H|."""
        trend = self.trend[:n]
        total = kernel[:n, :n] + np.diag(self.noise[:n])
        inverse = np.linalg.inv(total)
        left = trend.T @ inverse
        normal = left @ trend
        rates = np.linalg.solve(normal, left)
        determinant = np.linalg.slogdet(total)[1] + np.linalg.slogdet(normal)[1]
        return np.asarray(inverse - left.T @ rates, np.float64), np.asarray(rates, np.float64), float(determinant)

    def leverage(self, weight: Float) -> Float:
        """(n_dates,) share of a date's own noise that stays in the smooth series, for the candidates' mean weights."""
        return np.asarray(sum(w * (1 - self.noise * np.diag(p)) for w, (p, _) in zip(weight, self.full, strict=True)), np.float64)

    def smooth(self, values: Float, window: int) -> tuple[Float, Float]:
        """Smooth series from all dates.

        Args:
            values: (n_dates, y, x) mm; a pixel with a NaN is NaN at all dates.
            window: edge in pixels of the square whose evidence is pooled.

        Returns:
            (n_dates, y, x) mm, and the candidates' weights (n_candidates, y, x).
        """
        flat = values.reshape(len(values), -1)
        square = np.stack([np.einsum("tp,tp->p", flat, p @ flat) for p, _ in self.full]).reshape(-1, *values.shape[1:])
        weight = self.weigh(square, np.array([d for _, d in self.full]), len(values) - 2, window)
        taken = np.zeros_like(flat)
        for share, (project, _) in zip(weight.reshape(len(weight), -1), self.full, strict=True):
            here = share > _LEAST
            if here.any():
                taken += share * (project @ flat)
        return values - self.noise[:, None, None] * taken.reshape(values.shape), weight

    def follow(self, values: Float, window: int) -> tuple[Float, Float]:
        """Smooth series in which the value of a date is made from that date and earlier ones alone.

        The noise of a date must have been found from no later one, too. The likelihood is that of the innovations: how far each
        date lay from what the earlier ones said of it.

        Args:
            values: (n_dates, y, x) mm; NaN is filled by what the earlier dates foretell, or by 0 in the first two.
            window: edge in pixels.

        Returns:
            (n_dates, y, x) mm in the frame of the series: its first date's noise stays in all dates, for an estimate of it that
            gets better with time would look like motion; and what each date lay off what the earlier ones
            foretold, over the square root of the variance that a candidate of mean weight gives it, but for the date's own noise.
        """
        n, shape = len(values), values.shape[1:]
        flat = values.reshape(n, -1).copy()
        found, surprise = np.zeros_like(flat), np.zeros_like(flat)
        found[:2] = flat[:2] = np.nan_to_num(flat[:2])
        square, determinant = np.zeros((len(self.candidates), *shape)), np.zeros(len(self.candidates))
        weight = np.full((len(square), flat.shape[1]), 1 / len(square))
        seen = np.isfinite(values[:2].reshape(2, -1)).sum(0)
        for t in range(2, n):
            before, after = self.steps[t]
            ahead = np.stack([row for row, _ in before]) @ flat[:t]
            spread = np.array([variance for _, variance in before])
            here = np.isfinite(flat[t])
            seen += here
            flat[t] = np.where(here, flat[t], (weight * ahead).sum(0))
            off = flat[t] - ahead
            surprise[t] = (weight * off).sum(0) / np.sqrt(1 + spread @ weight / self.noise[t])
            square += (off**2 / (spread + self.noise[t])[:, None]).reshape(square.shape)
            determinant += np.log(spread + self.noise[t])
            told = np.where((seen > 2).reshape(shape), square, np.nan)
            weight = self.weigh(told, determinant, t - 1, window).reshape(weight.shape)
            found[t] = np.where(seen > 2, (weight * (np.stack(after) @ flat[: t + 1])).sum(0), flat[t])
        return found.reshape(values.shape), surprise.reshape(values.shape)

    @cached_property
    def steps(self) -> list[tuple[list[tuple[Float, float]], list[Float]]]:
        """Of each date from the third on and of each candidate: the forecast from earlier dates and its variance without the
        date's noise, and the estimate from the dates up to it.
        """
        found: list[tuple[list[tuple[Float, float]], list[Float]]] = [([], []), ([], [])]
        last = [self._projection(kernel, 2) for kernel in self.candidates]
        for t in range(2, len(self.years)):
            now = [self._projection(kernel, t + 1) for kernel in self.candidates]
            before, after = [], []
            for kernel, (project, rates, _), (project_now, rates_now, _) in zip(self.candidates, last, now, strict=True):
                row = self.trend[t] @ rates + kernel[t, :t] @ project
                # Variance of d(t) - row @ y: the process's own, and what the earlier dates leave open.
                total = kernel[:t, :t] + np.diag(self.noise[:t])
                before.append((row, float(kernel[t, t] - 2 * row @ kernel[:t, t] + row @ total @ row)))
                after.append(self.trend[t] @ rates_now + kernel[t, : t + 1] @ project_now)
            found.append((before, after))
            last = now
        return found

    def weigh(self, square: Float, determinant: Float, freedom: int, window: int) -> Float:
        """Weights of the candidates by pooled restricted likelihood, the noise's strength profiled out.

        Args:
            square: (n_candidates, y, x) y' P y, NaN where a pixel has no series.
            determinant: (n_candidates,) log-determinants.
            freedom: dates less two.
            window: edge in pixels.
        """
        pooled = pool(square, window)
        count = 1.0 if window == 1 else _ALIKE
        score = -0.5 * count * (freedom * np.log(np.maximum(pooled, 1e-9)) + determinant[:, None, None])
        score -= score.max(0)
        weight = np.exp(score)
        weight[weight < _LEAST * weight.sum(0)] = 0.0
        return np.asarray(weight / weight.sum(0), np.float64)


def pool(values: Float, window: int) -> Float:
    """Mean over a square window of the last two axes, of what is finite and inside."""
    if window == 1:
        return values
    known = np.asarray(np.isfinite(values).all(0))
    share = _sum(known.astype(np.float64), window)
    sums = np.stack([_sum(np.asarray(layer), window) for layer in np.where(known, values, 0.0)])
    return np.asarray(np.where(known, sums / np.maximum(share, 1.0), 1.0), np.float64)


def _sum(layer: npt.NDArray[Any], window: int) -> Float:
    """Sum over a window, each by itself: a running sum's last digits would depend on where a block begins."""
    ones = np.ones(window)
    return np.asarray(correlate1d(correlate1d(layer, ones, 0, mode="constant"), ones, 1, mode="constant"), np.float64)
