"""dashboard/tokens.py, addresses.py and certificate.py: what is made where nothing was chosen."""

import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509

from dashboard.addresses import address_for_others, own_addresses, own_names
from dashboard.certificate import certificate
from dashboard.tokens import token_for
from shared.errors import ConfigurationError

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HERE = [ipaddress.ip_address(text) for text in ("127.0.0.1", "192.168.1.5", "::1", "fd00::5")]


def test_loopback_goes_without_a_token_and_a_chosen_one_is_asked_for(tmp_path):
    """Nothing is written for either."""
    assert token_for("127.0.0.1", "", tmp_path, restarted=False) == ""
    assert token_for("0.0.0.0", "chosen", tmp_path, restarted=False) == "chosen"
    assert list(tmp_path.iterdir()) == []


def test_a_generated_token_outlives_a_crash_and_no_start(tmp_path):
    """The page keeps its session when the dashboard is restarted in its place; the next start has another."""
    first = token_for("0.0.0.0", "", tmp_path / "state", restarted=False)
    assert len(first) >= 16
    assert (tmp_path / "state/token").stat().st_mode & 0o777 == 0o600
    assert token_for("0.0.0.0", "", tmp_path / "state", restarted=True) == first
    assert token_for("0.0.0.0", "", tmp_path / "state", restarted=False) != first


def test_a_damaged_token_is_replaced(tmp_path):
    """Never asked for as it is."""
    (tmp_path / "token").write_text("short")
    assert len(token_for("0.0.0.0", "", tmp_path, restarted=True)) >= 16


def test_a_disk_that_takes_nothing_is_no_reason_to_be_open(tmp_path):
    """The token is then known to this process alone."""
    (tmp_path / "state").write_text("no folder")
    assert len(token_for("0.0.0.0", "", tmp_path / "state", restarted=False)) >= 16


@pytest.mark.parametrize(
    ("bound", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("10.0.0.7", "10.0.0.7"), ("0.0.0.0", "192.168.1.5"), ("::", "192.168.1.5")],
)
def test_the_address_shown_is_one_that_others_can_use(bound, shown):
    """Bound to all, that of an interface."""
    assert address_for_others(bound, HERE) == shown


def test_without_a_network_there_is_loopback():
    """The address printed works on this machine."""
    assert address_for_others("0.0.0.0", HERE[:1]) == "127.0.0.1"
    assert address_for_others("::", [HERE[2]]) == "::1"


def test_this_machine_has_a_name_and_an_address():
    """As the system tells."""
    assert "localhost" in own_names()
    assert ipaddress.ip_address("127.0.0.1") in own_addresses()


def test_a_certificate_names_this_machine_and_is_kept(tmp_path):
    """With its key in one file that nobody else can read; the same one at the next start."""
    path = certificate(tmp_path, ["localhost", "cam.local"], HERE, NOW)
    assert path.stat().st_mode & 0o777 == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    known = x509.load_pem_x509_certificate(path.read_bytes())
    names = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "cam.local"]
    assert names.get_values_for_type(x509.IPAddress) == HERE
    made = path.read_bytes()
    assert certificate(tmp_path, ["localhost"], HERE[:2], NOW + dt.timedelta(days=300)).read_bytes() == made


@pytest.mark.parametrize(
    ("names", "addresses", "now"),
    [
        (["localhost", "new.local"], HERE, NOW),
        (["localhost"], [*HERE, ipaddress.ip_address("10.0.0.9")], NOW),
        (["localhost"], HERE, NOW + dt.timedelta(days=360)),
        (["localhost"], HERE, NOW - dt.timedelta(days=1)),
    ],
)
def test_a_certificate_is_made_anew_when_it_no_longer_fits(tmp_path, names, addresses, now):
    """Another name, another address, about to expire, or not valid yet since the clock went back."""
    made = certificate(tmp_path, ["localhost"], HERE, NOW).read_bytes()
    assert certificate(tmp_path, names, addresses, now).read_bytes() != made


def test_a_damaged_certificate_is_replaced_and_a_folder_that_cannot_be_written_is_told(tmp_path):
    """In one line that names the setting."""
    (tmp_path / "dashboard.pem").write_text("nothing")
    assert b"BEGIN CERTIFICATE" in certificate(tmp_path, ["localhost"], HERE, NOW).read_bytes()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="AFFECT_DASHBOARD_HTTPS"):
        certificate(tmp_path / "file" / "folder", ["localhost"], HERE, NOW)
