"""The ground all rooms stand on: messages and codec, topics, bus, settings, log, the stage loop, supervision.

It imports no other room.
"""
