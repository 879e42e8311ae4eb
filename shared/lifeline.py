"""What a supervisor and its stage have agreed on, by environment variables and an exit code."""

import signal

HEARTBEAT_FD = "AFFECT_SUPERVISOR_FD"
RESTARTS = "AFFECT_SUPERVISOR_RESTARTS"
STATE_DIR = "AFFECT_SUPERVISOR_STATE"
BOUND = "AFFECT_SUPERVISOR_BOUND"
"""Set by a program that starts supervisors which are to end with it."""
TOLD_TO_STOP = 128 + signal.SIGTERM  # exit code on SIGTERM or SIGINT under a supervisor; without one it is 0
