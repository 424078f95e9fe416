"""Why aegis can't merge a path."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why aegis can't merge a path, for the person who has to."""

    TEXT = "both changed the same lines"
    ADDED = "both added this file"
    DELETED_BY_US = "the file would be removed, but you changed it"
    BINARY = "both changed this file, which isn't merged as text"
    KIND = "something of yours already has that name"
    SYNTAX = "the merged text doesn't parse"
    DOUBT = "repeated lines: the change fits in more than one place"
    SHARED = "you already had a line that would be added"
