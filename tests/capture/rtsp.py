"""A small RTSP server: RTP packets made by FFmpeg, interleaved in the RTSP connection (RFC 2326, 10.12)."""

import re
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

_SDP = """v=0\r
o=- 0 0 IN IP4 127.0.0.1\r
s=test\r
c=IN IP4 127.0.0.1\r
t=0 0\r
{range}m=video 0 RTP/AVP 96\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1\r
a=control:track\r
"""


class _Packets:
    """What FFmpeg writes: one packet at a time."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, packet: bytes) -> int:
        self.written.append(bytes(packet))
        return len(packet)


def rtp(images: Sequence[NDArray[np.uint8]], rate: int = 25, stamps: Sequence[int] | None = None) -> list[bytes]:
    """The images as RTP packets of H.264; `stamps` are in frames."""
    packets = _Packets()
    with av.open(packets, "w", format="rtp", options={"packetsize": "1200"}) as output:
        stream: Any = output.add_stream("libx264", rate=rate, options={"tune": "zerolatency", "g": "10"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, "bgr24")
            frame.pts, frame.time_base = (stamps[index] if stamps else index), Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return [packet for packet in packets.written if packet[1] & 0x7F == 96]  # without reports


class RtspServer(socketserver.ThreadingTCPServer):
    """Sends the packets as fast as they are taken, then closes the connection, or waits if `stalls`.

    Attributes:
        transports: what clients have asked for.
        authorization: what they must send, if not empty.
        length_s: how long it says to be; 0: a camera, which does not.
    """

    allow_reuse_address = daemon_threads = True

    def __init__(self, packets: Sequence[bytes], *, stalls: bool = False, length_s: float = 0.0):
        super().__init__(("127.0.0.1", 0), _Connection)
        self.packets, self.stalls, self.length_s = packets, stalls, length_s
        self.transports: list[str] = []
        self.authorization = ""
        self.over = threading.Event()

    @property
    def address(self) -> str:
        """host:port."""
        return f"127.0.0.1:{self.server_address[1]}"


class _Connection(socketserver.StreamRequestHandler):
    server: RtspServer

    def handle(self) -> None:
        while request := self.rfile.readline().decode():
            headers = {}
            while line := self.rfile.readline().decode().strip():
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            method = request.split()[0]
            if not self._answer(method, headers) or method == "TEARDOWN":
                return
            if method == "PLAY":
                self._play()
                return

    def _answer(self, method: str, headers: dict[str, str]) -> bool:
        """Answer a request; False if it ends the connection."""
        server = self.server
        if server.authorization and headers.get("authorization") != server.authorization:
            return self._say("401 Unauthorized", headers, {"WWW-Authenticate": 'Basic realm="camera"'})
        if method == "OPTIONS":
            return self._say("200 OK", headers, {"Public": "DESCRIBE, SETUP, PLAY, TEARDOWN"})
        if method == "DESCRIBE":
            length = f"a=range:npt=0-{server.length_s}\r\n" if server.length_s else ""
            return self._say("200 OK", headers, {"Content-Type": "application/sdp"}, _SDP.format(range=length))
        if method == "SETUP":
            server.transports.append(headers["transport"])
            if not re.match("RTP/AVP/TCP", headers["transport"]):
                return self._say("461 Unsupported Transport", headers)
            return self._say("200 OK", headers, {"Transport": headers["transport"], "Session": "1"})
        return self._say("200 OK", headers, {"Session": "1"})

    def _say(self, status: str, asked: dict[str, str], headers: dict[str, str] | None = None, body: str = "") -> bool:
        lines = {"CSeq": asked["cseq"], **(headers or {}), **({"Content-Length": str(len(body))} if body else {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.wfile.write(f"RTSP/1.0 {status}\r\n{head}\r\n{body}".encode())
        return True

    def _play(self) -> None:
        for packet in self.server.packets:
            self.wfile.write(b"$\0" + len(packet).to_bytes(2, "big") + packet)
        if self.server.stalls:
            self.server.over.wait(30)


@contextmanager
def rtsp(packets: Sequence[bytes], *, stalls: bool = False, length_s: float = 0.0) -> Iterator[RtspServer]:
    """The server, running."""
    with RtspServer(packets, stalls=stalls, length_s=length_s) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()
