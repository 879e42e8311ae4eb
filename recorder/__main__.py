"""Records from the command line: `python -m recorder clip.mp4 --out results/`."""

import sys

from recorder.attach import attach
from recorder.batch import INTERRUPTED, record_files
from recorder.options import parse
from recorder.publish import publish
from recorder.readable import readable
from recorder.repeat import repeat
from shared.errors import AffectError


def main() -> int:
    """Do what the options say; returns the exit code."""
    try:
        options = parse()
        if options.repeat:
            return repeat(options)
        if options.attach:
            return attach(options)
        if options.publish:
            return publish(options)
        return record_files(options)
    except AffectError as error:
        print(readable(f"recorder: {error}"), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before the loop takes the signal
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
