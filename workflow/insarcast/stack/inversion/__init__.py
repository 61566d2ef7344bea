"""The network inversion: symbolic plan, numeric kernels, variances, unwrapping errors."""
