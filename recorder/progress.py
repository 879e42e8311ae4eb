"""What is said while recording: bars on a terminal, a line for each finished recording, and a summary."""

import json
import sys
from collections.abc import Sequence
from typing import Literal

import av
from tqdm import tqdm

from recorder.inputs import Clip
from recorder.jobs import Job
from recorder.readable import readable

Style = Literal["words", "json", "quiet"]

_EVERY_S = 0.1
_NOTHING = (0, 0)
_SUMS = ("frames", "faces")
_FACTS = ("frames", "faces", "tracks", "seconds", "warnings")


def frames_in(clip: Clip) -> int:
    """About how many frames a clip has, by its container's word; 0: unknown."""
    if clip.stills:
        return sum(1 for path in clip.path.iterdir() if path.is_file()) if clip.path.is_dir() else 1
    if not clip.path.is_file():  # opening a pipe would wait for its writer
        return 0
    try:
        with av.open(str(clip.path)) as media:
            video = media.streams.video[0]
            rate, length = video.average_rate, media.duration
            return int(video.frames or (float(rate) * length / av.time_base if rate and length else 0))
    except (av.FFmpegError, OSError, IndexError, ValueError):
        return 0


class Progress:
    """Follows the jobs: bars on stderr, if `bars`, and what is finished on stdout, in this `style`."""

    def __init__(self, jobs: Sequence[Job], style: Style, *, bars: bool):
        self._jobs = jobs
        self._style = style
        self._next = 0.0
        self._said: set[int] = set()
        self._expected: dict[int, int] = {}
        self._all = _bar("all", 0, sum(_counts(job)[0] for job in jobs)) if bars else None
        self._lines: dict[int, tqdm[object]] = {}

    def watch(self, now: float) -> None:
        """Say what has changed; `now` in seconds."""
        if now < self._next and not all(job.is_over for job in self._jobs):
            return
        self._next = now + _EVERY_S
        for index, job in enumerate(self._jobs):
            if job.is_over and index not in self._said:
                self._said.add(index)
                self._finished(index, job)
        if self._all is not None:
            self._move()

    def close(self) -> None:
        """Remove the bars."""
        for bar in self._lines.values():
            bar.close()
        if self._all is not None:
            self._all.close()

    def summary(self, seconds: float) -> None:
        """The end: how many were recorded, and which failed."""
        failed = [job for job in self._jobs if job.state == "failed"]
        counts = {state: sum(job.state == state for job in self._jobs) for state in ("done", "kept", "failed")}
        frames, faces = (sum(job.run.get(key, 0) for job in self._jobs if job.state == "done") for key in _SUMS)
        left = sum(not job.is_over for job in self._jobs)
        if self._style == "json":
            total = {**counts, "unfinished": left, "frames": frames, "faces": faces, "seconds": round(seconds, 1)}
            self._print(json.dumps({"summary": total}))
        elif self._style != "quiet":
            words = [f"{counts['done']} recorded", f"{counts['kept']} kept" * (counts["kept"] > 0)]
            words += [f"{counts['failed']} failed" * (counts["failed"] > 0), f"{left} not finished" * (left > 0)]
            self._print(f"{', '.join(filter(None, words))}: {frames} frames, {faces} faces in {seconds:.1f} s")
        for job in failed:
            print(f"failed: {readable(job.error or '')}", file=sys.stderr, flush=True)

    def _finished(self, number: int, job: Job) -> None:
        if self._style == "json":
            facts = {"clip": str(job.clip.path), "number": number, "state": job.state, "error": job.error}
            self._print(json.dumps(facts | _facts(job)))
        elif self._style != "quiet" and job.state != "failed":
            self._print(f"{readable(str(job.target))}: {_words(job)}")

    def _print(self, line: str) -> None:
        if self._all is not None:
            tqdm.write(line, file=sys.stdout)
        else:
            print(line, flush=True)

    def _move(self) -> None:
        """Redraw the bars, and ask one more clip for its length."""
        unasked = next((index for index in range(len(self._jobs)) if index not in self._expected), None)
        if unasked is not None:
            self._expected[unasked] = frames_in(self._jobs[unasked].clip)
        running = {index for index, job in enumerate(self._jobs) if job.state in ("running", "finishing")}
        for index in self._lines.keys() - running:
            self._lines.pop(index).close()
        taken = {abs(bar.pos) for bar in self._lines.values()}
        for index in sorted(running - self._lines.keys()):
            line = next(number for number in range(1, len(self._jobs) + 2) if number not in taken)
            taken.add(line)
            job = self._jobs[index]
            self._lines[index] = _bar(job.clip.folder, line, _counts(job)[0])
        for index, bar in self._lines.items():
            _draw(bar, *_counts(self._jobs[index]), self._expected.get(index, 0))
        if self._all is not None:
            over = sum(job.is_over for job in self._jobs)
            self._all.set_description_str(f"{over}/{len(self._jobs)} files", refresh=False)
            frames, faces = (sum(numbers) for numbers in zip(*map(_counts, self._jobs), strict=True))
            _draw(self._all, frames, faces, sum(self._expected.values()))


def _counts(job: Job) -> tuple[int, int]:
    """Frames and faces so far."""
    if job.run:
        return job.run["frames"], job.run["faces"]
    return (job.recording.journal.frames, job.recording.journal.faces) if job.recording else _NOTHING


def _bar(name: str, line: int, before: int) -> "tqdm[object]":
    """A bar; `before` frames were there when it began, which do not count for its rate."""
    how = {"unit": " frames", "leave": False, "dynamic_ncols": True}
    return tqdm(desc=name[:24], position=line, initial=before, file=sys.stderr, **how)


def _draw(bar: "tqdm[object]", frames: int, faces: int, expected: int) -> None:
    bar.total = max(expected, frames) or None
    bar.n = frames
    bar.set_postfix_str(f"{faces} faces", refresh=False)
    bar.refresh()


def _facts(job: Job) -> dict[str, object]:
    if not job.run:
        return {}
    return {"folder": str(job.target)} | {key: job.run[key] for key in _FACTS}


def _words(job: Job) -> str:
    run = job.run
    if job.state == "kept":
        return f"kept, {run['frames']} frames"
    rate = run["frames"] / run["seconds"] if run["seconds"] else 0.0
    people = f"{run['tracks']} person{'s' * (run['tracks'] != 1)}, " if run["tracks"] else ""
    warned = "".join(f"\n  warning: {warning}" for warning in run["warnings"])
    return f"{run['frames']} frames, {people}{run['faces']} faces, {run['seconds']:.1f} s ({rate:.0f} frames/s){warned}"
