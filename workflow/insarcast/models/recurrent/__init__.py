"""Recurrent networks on the windows of the regressions."""
