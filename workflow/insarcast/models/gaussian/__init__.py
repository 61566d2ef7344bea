"""The Gaussian-process average: kernels, their evidence, and what is made of the past before."""
