"""Whether the forecast of points can be trusted: skill, intervals, tests, classes, retrospectively."""
