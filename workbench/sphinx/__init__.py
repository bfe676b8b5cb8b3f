"""Real Sphinx packets, byte for byte those of the Nym network.

For teaching: compatible on the wire, not audited, and not constant-time beyond the MAC's
comparison and what the libraries do.
"""

from __future__ import annotations

from workbench.sphinx.address import decode_address, encode_address
from workbench.sphinx.fields import Field
from workbench.sphinx.frame import Frame, KeyRotation, build_frame, parse_frame
from workbench.sphinx.geometry import Geometry
from workbench.sphinx.keys import PrivateKey
from workbench.sphinx.many import process_many
from workbench.sphinx.packet import FinalHop, ForwardHop, create_packet, process
from workbench.sphinx.replay import ReplayFilter
from workbench.sphinx.route import Destination, Hop
from workbench.sphinx.surb import Reply, ReplyKeys, Surb, create_surb, open_reply, reply_with
from workbench.sphinx.trace import HopTrace, TeachingKeys, Trace, trace
from workbench.sphinx.version import Version

__all__ = [
    "Destination",
    "Field",
    "FinalHop",
    "ForwardHop",
    "Frame",
    "Geometry",
    "Hop",
    "HopTrace",
    "KeyRotation",
    "PrivateKey",
    "ReplayFilter",
    "Reply",
    "ReplyKeys",
    "Surb",
    "TeachingKeys",
    "Trace",
    "Version",
    "build_frame",
    "create_packet",
    "create_surb",
    "decode_address",
    "encode_address",
    "open_reply",
    "parse_frame",
    "process",
    "process_many",
    "reply_with",
    "trace",
]
