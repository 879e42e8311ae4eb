"""A self-signed certificate for this machine, so that phones in the same network may use their cameras."""

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dashboard.addresses import Address
from shared.errors import ConfigurationError
from shared.files import replacing

_LASTS = dt.timedelta(days=365)  # browsers refuse those that last longer than some 400 days
_RENEW = dt.timedelta(days=7)


def certificate(folder: Path, names: Sequence[str], addresses: Sequence[Address], now: dt.datetime) -> Path:
    """The path of a PEM file, mode 0600, with a key and its certificate.

    It is made anew where there is none, where it is about to expire, or does not name this machine as it is now.

    Args:
        folder: where it is kept.
        names: host names of this machine.
        addresses: addresses of this machine.
        now: in UTC.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    path = folder / "dashboard.pem"
    if not _is_good(path, names, addresses, now):
        try:
            with replacing(path) as part, os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(_made(names, addresses, now))
        except OSError as error:
            raise ConfigurationError(f"AFFECT_DASHBOARD_HTTPS: {path} cannot be written: {error.strerror}") from None
    return path


def _is_good(path: Path, names: Sequence[str], addresses: Sequence[Address], now: dt.datetime) -> bool:
    try:
        pem = path.read_bytes()
        known = x509.load_pem_x509_certificate(pem)
        serialization.load_pem_private_key(pem, None)
        subjects = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    lasts = known.not_valid_before_utc <= now < known.not_valid_after_utc - _RENEW
    named = set(subjects.get_values_for_type(x509.DNSName)), set(subjects.get_values_for_type(x509.IPAddress))
    return lasts and set(names) <= named[0] and set(addresses) <= named[1]


def _made(names: Sequence[str], addresses: Sequence[Address], now: dt.datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "affectstream")])
    subjects = [*(x509.DNSName(one) for one in names), *(x509.IPAddress(one) for one in addresses)]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LASTS)
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + made.public_bytes(serialization.Encoding.PEM)
