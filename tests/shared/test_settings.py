"""Settings: one table; what does not fit is named with its variable, value and remedy."""

import os
import re
from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.settings import DEFAULTS, PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_defaults_are_valid():
    """Without any variable everything works, closed to the outside."""
    settings = load_settings()
    assert settings.dashboard_host == "127.0.0.1"
    assert settings.bus_in_address.startswith("ipc://")
    assert settings.model_dump(exclude={"runtime_dir"}) == DEFAULTS.model_dump(exclude={"runtime_dir"})


def test_the_environment_wins_over_the_file(monkeypatch, tmp_path):
    """`.env` is read; a variable set for one run beats it."""
    (tmp_path / ".env").write_text("AFFECT_CLASSIFY_EVERY=5\nAFFECT_THREADS=2\n")
    monkeypatch.setenv("AFFECT_THREADS", "3")
    settings = load_settings()
    assert (settings.classify_every, settings.threads) == (5, 3)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    """An editor's Latin-1 gives one line instead of a traceback; in the environment any bytes name a file."""
    (tmp_path / ".env").write_bytes(b"AFFECT_CAPTURE_SOURCE=caf\xe9.mp4\n")
    with pytest.raises(ConfigurationError, match=r"^\.env: is not UTF-8 at its byte 25$"):
        load_settings()


def test_a_source_may_be_any_bytes(monkeypatch):
    """File names are bytes to the operating system."""
    monkeypatch.setitem(os.environb, b"AFFECT_CAPTURE_SOURCE", b"caf\xe9.mp4")
    assert load_settings().capture_source == "caf\udce9.mp4"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CLASSIFY_EVERY", "0", "≥ 1"),
        ("CLASSIFY_EVERY", "three", "whole number|integer"),
        ("CAPTURE_MODE", "fast", "live"),
        ("CAPTURE_AT_END", "stop", "hold"),
        ("CAPTURE_SIZE", "1280", "1280x720"),
        ("CAPTURE_SIZE", "0x0", "1280x720"),
        ("CAPTURE_FPS", "0", "> 0"),
        ("CAPTURE_FPS", "fast", "> 0"),
        ("WINDOW", "0", "auto"),
        ("WINDOW", "some", "auto"),
        ("SMOOTHING", "1", "< 1"),
        ("DETECT_THRESHOLDS", "0.6,0.7", "three numbers"),
        ("DETECT_THRESHOLDS", "a,b,c", "three numbers"),
        ("DEVICE", "tpu", "cuda"),
        ("DASHBOARD_PORT", "70000", "65535"),
        ("BUS_IN", "udp://127.0.0.1:5", "tcp://HOST:PORT"),
        ("BUS_IN", "tcp://127.0.0.1", "tcp://HOST:PORT"),
        ("BUS_IN", "tcp://127.0.0.1:99999", "tcp://HOST:PORT"),
        ("BUS_IN", "tcp://192.0.2.1:5555", "BUS_KEYS"),
        ("BUS_OUT", "tcp://0.0.0.0:5555", "BUS_KEYS"),
        ("BUS_OUT", "tcp://example.org:5555", "BUS_KEYS"),
        ("BUS_IN", "ipc://" + "x" * 108, "107 bytes"),
        ("MIN_FACE_SIZE", "5", "≥ 12"),
    ],
)
def test_a_mistake_names_variable_value_and_what_is_allowed(monkeypatch, name, value, says):
    """Whoever mistypes a setting reads in one line what to type instead; the exit code is 2."""
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ConfigurationError) as error:
        load_settings()
    text = str(error.value)
    assert PREFIX + name in text
    assert repr(value) in text
    assert re.search(says, text), text
    assert "\n" not in text
    assert error.value.exit_code == 2


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:5555", "tcp://127.0.0.2:5555", "tcp://localhost:5555", "tcp://[::1]:5555"]
)
def test_loopback_needs_no_keys(monkeypatch, address):
    """What cannot be reached from outside needs no keys."""
    monkeypatch.setenv("AFFECT_BUS_IN", address)
    assert load_settings().bus_in_address == address


def test_one_address_for_both_ends_is_refused(monkeypatch):
    """Publishers and subscribers connect to two sockets."""
    monkeypatch.setenv("AFFECT_BUS_IN", "tcp://127.0.0.1:5555")
    monkeypatch.setenv("AFFECT_BUS_OUT", "tcp://127.0.0.1:5555")
    with pytest.raises(ConfigurationError, match="differ"):
        load_settings()


def test_a_window_must_fit_the_bus(monkeypatch):
    """Frames in flight that the bus would drop are refused, naming both settings; as many as it keeps are fine."""
    monkeypatch.setenv("AFFECT_WINDOW", "256")
    assert load_settings().window == 256
    monkeypatch.setenv("AFFECT_WINDOW", "257")
    with pytest.raises(ConfigurationError, match=r"AFFECT_WINDOW=257 .* AFFECT_BUS_HWM=256"):
        load_settings()


@pytest.mark.parametrize("token", ["a+b", "a b", "a#b", "a&b", "a%41", "é"])
def test_a_token_is_what_a_url_leaves_as_it_is(monkeypatch, token):
    """`?token=` would arrive as another; the message does not print it."""
    allowed = "aZ09-._~aZ09-._~"
    monkeypatch.setenv("AFFECT_DASHBOARD_TOKEN", allowed)
    assert load_settings().dashboard_token == allowed
    for bad, says in ((token + 16 * "x", "letters"), (15 * "x", "16 characters or more")):
        monkeypatch.setenv("AFFECT_DASHBOARD_TOKEN", bad)
        with pytest.raises(ConfigurationError, match=f"AFFECT_DASHBOARD_TOKEN: allowed are {says}") as error:
            load_settings()
        assert bad not in str(error.value)


def test_a_token_from_a_file(monkeypatch, tmp_path):
    """As containers and services get their secrets, with the line end that editors add; it counts like the other."""
    file = tmp_path / "token"
    file.write_text("a1~a1~a1~a1~a1~a1~\n")
    monkeypatch.setenv("AFFECT_DASHBOARD_TOKEN_FILE", str(file))
    monkeypatch.setenv("AFFECT_DASHBOARD_HOST", "0.0.0.0")
    assert load_settings().dashboard_token == file.read_text().strip()


@pytest.mark.parametrize(
    ("content", "beside", "says"),
    [
        (None, "", "cannot be read: No such file"),
        (b"\xff", "", "cannot be read: no text"),
        (b" \n", "", "is empty"),
        (b"a b, and so on and on", "", "allowed are letters"),
        (b"geheim", "", "16 characters or more"),
        (b"geheim", "other", "set one of them"),
    ],
)
def test_a_bad_token_file_is_told_in_one_line(monkeypatch, tmp_path, content, beside, says):
    """The dashboard stays closed, and the secret out of the log."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("AFFECT_DASHBOARD_TOKEN_FILE", str(file))
    monkeypatch.setenv("AFFECT_DASHBOARD_TOKEN", beside)
    with pytest.raises(ConfigurationError, match=says) as error:
        load_settings()
    assert not {"a b", "geheim", "other"} & set(re.findall("a b|geheim|other", str(error.value)))


def _documented(text):
    return set(re.findall(r"\bAFFECT_[A-Z_]+\b", text))


@pytest.mark.parametrize("name", ["docs/settings.md", ".env.example"])
def test_every_setting_is_documented(name):
    """The table and .env.example list every setting, with the words of the code, and none that does not exist."""
    text = (ROOT / name).read_text()
    assert _documented(text) == {PREFIX + field.upper() for field in Settings.model_fields}
    for field in Settings.model_fields.values():
        assert field.description.rstrip(".") in text


def test_the_examples_are_the_defaults():
    """.env.example, uncommented as it is, changes nothing."""
    defaults = Settings()
    for name, value in re.findall(r"^# (AFFECT_[A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE):
        field = name.removeprefix(PREFIX).lower()
        if value:
            assert str(getattr(Settings(**{field: value}), field)) == str(getattr(defaults, field)), name


def test_a_cameras_format(monkeypatch):
    """A size is written as people write it."""
    monkeypatch.setenv("AFFECT_CAPTURE_SIZE", "1280x720")
    monkeypatch.setenv("AFFECT_CAPTURE_FPS", "29.97")
    settings = load_settings()
    assert (settings.capture_size, settings.capture_fps) == ((1280, 720), 29.97)


def test_an_empty_variable_is_the_default(monkeypatch):
    """As .env.example shows them: a line that is uncommented and left empty changes nothing."""
    for name in ("RUNTIME_DIR", "BUS_KEYS", "CAPTURE_SOURCE", "CAPTURE_SIZE", "CAPTURE_FPS", "WINDOW"):
        monkeypatch.setenv(PREFIX + name, "")
    assert load_settings() == Settings(_env_file=None)


def test_a_name_that_is_no_setting_is_refused(monkeypatch, tmp_path):
    """In the environment or the file, whatever its case, with the nearest one; the supervisor's own are not meant."""
    monkeypatch.setenv("AFFECT_SUPERVISOR_FD", "3")
    monkeypatch.setenv("affect_threads", "2")
    assert load_settings().threads == 2
    (tmp_path / ".env").write_text("AFFECT_DASHBORD_PORT=1\nAFFECT_XYZZY=1\nOTHER=1\n")
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert str(raised.value) == (
        "no such setting: AFFECT_DASHBORD_PORT (meant AFFECT_DASHBOARD_PORT?), AFFECT_XYZZY; docs/settings.md lists all"
    )
