"""What every room builds on, importing none: messages and codec, topics, bus, settings, log, stage loop, supervisor."""

from shared.extras import explain_missing

explain_missing()
