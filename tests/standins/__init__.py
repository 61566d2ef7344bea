"""Loopback stand-ins of the services that insarcast asks: real HTTP, made-up contents, faults on demand."""
