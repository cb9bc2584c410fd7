"""`python -m app.support.new_key`: a new key pair of support, for the operator to put away."""

import base64
import sys

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.support.keys import key_id


def main() -> None:
    """Print a pair; it is kept nowhere."""
    private = X25519PrivateKey.generate()
    public = private.public_key()
    halves = (private.private_bytes_raw(), public.public_bytes_raw())
    for_console, for_app = (base64.b64encode(half).decode() for half in halves)
    sys.stdout.write(
        f"Key {key_id(public)}\n"
        f"For the app and its workers:  SUPPORT_PUBLIC_KEYS={for_app}\n"
        f"For the console alone:        SUPPORT_PRIVATE_KEYS={for_console}\n"
    )


if __name__ == "__main__":
    main()
