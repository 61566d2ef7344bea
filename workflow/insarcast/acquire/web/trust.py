"""Whose certificates count: the variables that curl, requests and OpenSSL know, the same for every connection."""

from __future__ import annotations

import os
from pathlib import Path

from insarcast.core import InsarcastError

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")  # the first that is set counts


def certificates() -> str | bool:
    """The file or the folder (hashed, as ``openssl rehash`` leaves it) of trusted certificates; True: those that requests brings.

    Raises:
        InsarcastError: a variable names what is not there.
    """
    for variable in VARIABLES:
        if place := os.environ.get(variable):
            if not Path(place).exists():
                raise InsarcastError(f"The environment's {variable} names {place}, which does not exist; correct it or unset it.")
            return place
    return True
