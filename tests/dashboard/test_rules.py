"""dashboard/rules.py and webhook.py: somebody has shown something for long enough, said once."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import BaseRequestHandler, TCPServer

import msgspec
import pytest

from dashboard.rules import Rule, Watch, parse_rules
from dashboard.webhook import Webhook
from shared.errors import ConfigurationError
from tests.dashboard.desk import eventually
from tests.dashboard.made import face, result

SAD = parse_rules("sad > 0.6 for 10 s")


def test_rules_are_written_as_they_are_said():
    """Several with commas; a source may stand before one."""
    assert parse_rules("sad > 0.6 for 10 s, cam0: happy>.5 for 1.5s,") == [
        Rule("sad > 0.6 for 10 s", None, "sad", 0.6, 10.0),
        Rule("cam0: happy>.5 for 1.5s", "cam0", "happy", 0.5, 1.5),
    ]
    assert parse_rules("") == []


@pytest.mark.parametrize(
    "text", ["sad", "sad > 2 for 10 s", "sad < 0.5 for 1 s", "glad > 0.5 for 1 s", "sad > 0.5 for s"]
)
def test_what_is_no_rule_is_told_with_one_that_is(text):
    """And with its setting."""
    with pytest.raises(ConfigurationError, match=r"AFFECT_DASHBOARD_RULES.*sad > 0.6 for 10 s"):
        parse_rules(text)


def said(*frames, rules=SAD):
    """The (pts, track) of what is said, of frames as (pts, faces)."""
    watch = Watch(rules)
    heard = []
    for number, (pts, *faces) in enumerate(frames):
        shown = [msgspec.structs.replace(one, classified_pts=pts) for one in faces]
        frame = msgspec.structs.replace(result(number, faces=tuple(shown)), pts=float(pts))
        heard += [(alert.pts, alert.track_id) for alert in watch.hear(frame)]
    return heard


def test_it_is_said_once_when_it_has_lasted():
    """Not again while it goes on; again when it has ceased and come back."""
    sad, happy = face(1, "sad"), face(1, "happy")
    frames = [(pts, sad) for pts in range(20)]
    assert said(*frames) == [(10.0, 1)]
    again = [(20, happy), *[(pts, sad) for pts in range(21, 40)]]
    assert said(*frames, *again) == [(10.0, 1), (31.0, 1)]


def test_each_face_has_its_own_time():
    """Two people are two."""
    frames = [(pts, face(1, "sad"), *([face(2, "sad")] if pts >= 5 else [])) for pts in range(20)]
    assert said(*frames) == [(10.0, 1), (15.0, 2)]


def test_who_was_away_begins_anew_and_a_moment_is_no_absence():
    """A turned head is missed for a second."""
    sad = face(1, "sad")
    assert said(*[(pts, *([] if pts == 5 else [sad])) for pts in range(11)]) == [(10.0, 1)]
    assert said(*[(pts, *([] if 4 <= pts <= 7 else [sad])) for pts in range(11)]) == []


def test_what_cannot_be_read_counts_for_nothing():
    """Nor does a face without an id, or another source than the rule's."""
    frames = [(pts, face(1, None, reason="blurred", smoothed=face(1, "sad").smoothed)) for pts in range(20)]
    assert said(*frames) == []
    assert said(*[(pts, face(None, "sad")) for pts in range(20)]) == []
    elsewhere = parse_rules("cam9: sad > 0.6 for 10 s")
    assert said(*[(pts, face(1, "sad")) for pts in range(20)], rules=elsewhere) == []


def test_an_old_probability_counts_for_nothing():
    """The classifier is gone, say, and the face is still there."""
    watch = Watch(SAD)
    stale = face(1, "sad", classified_pts=0.0)
    frames = [msgspec.structs.replace(result(pts, faces=(stale,)), pts=float(pts)) for pts in range(20)]
    assert [alert for frame in frames for alert in watch.hear(frame)] == []


def test_faces_that_have_left_are_forgotten():
    """However many come by."""
    watch = Watch(SAD)
    for number in range(1000):
        shown = face(number + 1, "sad", classified_pts=float(number))
        watch.hear(msgspec.structs.replace(result(number, faces=(shown,)), pts=float(number)))
    assert len(watch._lasting) <= 4


def alert():
    (told,) = Watch(parse_rules("happy > 0.6 for 0 s")).hear(result(0, faces=(face(3),)))
    return told


def test_a_webhook_is_a_post_of_json():
    """With the rule, where, who and how long; an answer that refuses is logged, and the next is sent."""
    got = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, json.loads(self.rfile.read(int(self.headers["content-length"])))))
            self.send_response(500 if len(got) == 1 else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hook = Webhook(f"http://127.0.0.1:{server.server_port}/hook?key=1")
        hook.send(alert())
        hook.send(alert())
        eventually(lambda: len(got) == 2)
        hook.close()
        server.shutdown()
        thread.join()
    path, said = got[1]
    assert path == "/hook?key=1"
    assert (said["rule"], said["source"], said["track_id"]) == ("happy > 0.6 for 0 s", "cam0", 3)
    assert (said["label"], said["smoothed"], said["lasted_s"]) == ("happy", 0.7, 0.0)


@pytest.mark.parametrize(
    "answer",
    [b"no HTTP at all\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", b""],
)
def test_an_answer_that_is_none_is_no_end(answer):
    """The next alert is sent; a redirect is not followed."""
    got = []

    class Answer(BaseRequestHandler):
        def handle(self):
            got.append(self.request.recv(65536).split()[:2])
            self.request.sendall(answer)

    with TCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        hook = Webhook(f"http://127.0.0.1:{server.server_address[1]}/hook")
        hook.send(alert())
        hook.send(alert())
        eventually(lambda: len(got) == 2)
        hook.close()
        server.shutdown()
        thread.join()
    assert got == [[b"POST", b"/hook"]] * 2


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/",
        "http:///path",
        "somewhere",
        "https://me:word@host/",
        "http://host:port/",
        "http://host:70000/",
        "http://host/a hook",
        "http://host/höok",
        "http://[host/",
    ],
)
def test_a_webhook_is_http(url):
    """Nothing else is opened; the URL, which may hold a secret, is not repeated."""
    with pytest.raises(ConfigurationError, match="AFFECT_DASHBOARD_WEBHOOK: allowed is") as error:
        Webhook(url)
    assert url not in str(error.value)


def test_nobody_waits_for_a_webhook(monkeypatch):
    """Nor does memory grow: what finds too many waiting is dropped."""
    held = threading.Event()

    def never_in_time(*_, **__):
        held.wait(30)
        raise TimeoutError("timed out")

    monkeypatch.setattr("dashboard.webhook.urllib.request.OpenerDirector.open", never_in_time)
    hook = Webhook("http://127.0.0.1:9/")
    for _ in range(100):
        hook.send(alert())
    assert hook._waiting.qsize() <= 32
    hook.close()
    held.set()
