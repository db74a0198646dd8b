"""What answers at an address: ``ip netns exec NAME python -m tests.engine.port_scan ADDRESS``.

Sends a SYN and a datagram to every port and an echo request, and prints as JSON the transport of every packet that came
back with the port that sent it. Looks at packets and not at connections, so that silence is told from a refusal.
"""

import ipaddress
import json
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

#: How long the last packets may take to come back, in seconds.
TIMEOUT = 1.0

#: All packets, whatever their protocol.
_EVERY_PROTOCOL = 0x0003

_TCP, _UDP, _ICMP, _ICMP6 = socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_ICMP, socket.IPPROTO_ICMPV6
_NAMES = {_TCP: "tcp", _UDP: "udp", _ICMP: "icmp", _ICMP6: "icmp"}


def scan(address: str) -> dict[str, list[int]]:
    """The ports that answered, by transport; ``icmp`` has the type of each message that came."""
    target = ipaddress.ip_address(address)
    family = socket.AF_INET if target.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as question:
        question.connect((address, 9))
        source = ipaddress.ip_address(question.getsockname()[0])
    found: dict[str, set[int]] = {"tcp": set(), "udp": set(), "icmp": set()}
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.ntohs(_EVERY_PROTOCOL)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), 64 * 2**20)
        sockets: dict[int, socket.socket] = {}
        for protocol, packet in _packets(source.packed, target.packed):
            if protocol not in sockets:
                sockets[protocol] = socket.socket(family, socket.SOCK_RAW, protocol)
            sockets[protocol].sendto(packet, (address, 0))
            _drain(listener, target.packed, found)
        end = time.monotonic() + TIMEOUT
        while (left := end - time.monotonic()) > 0:
            if select.select([listener], [], [], left)[0]:
                _drain(listener, target.packed, found)
        for one in sockets.values():
            one.close()
    return {name: sorted(ports) for name, ports in found.items()}


def _packets(source: bytes, target: bytes) -> Iterator[tuple[int, bytes]]:
    """Protocol and content of every packet to send."""
    if len(target) == 4:
        echo = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
        yield _ICMP, echo[:2] + struct.pack("!H", _checksum(echo)) + echo[4:]
    else:
        yield _ICMP6, struct.pack("!BBHHH", 128, 0, 0, 1, 1)  # The kernel fills this checksum in.
    for port in range(1, 65536):
        for protocol, head, offset in (
            (_TCP, struct.pack("!HHIIBBHHH", 40000, port, 1, 0, 5 << 4, 2, 1024, 0, 0), 16),
            (_UDP, struct.pack("!HHHH", 40000, port, 8, 0), 6),
        ):
            pseudo = source + target + struct.pack("!IBBH", len(head), 0, 0, protocol)
            # A datagram's checksum of 0 would mean none.
            yield protocol, head[:offset] + struct.pack("!H", _checksum(pseudo + head) or 0xFFFF) + head[offset + 2 :]


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def _drain(listener: socket.socket, target: bytes, found: dict[str, set[int]]) -> None:
    while True:
        try:
            packet, sender = listener.recvfrom(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if sender[2] == getattr(socket, "PACKET_OUTGOING", 4):
            continue
        if packet[0] >> 4 == 4:
            protocol, origin, content = packet[9], packet[12:16], packet[(packet[0] & 15) * 4 :]
        else:
            protocol, origin, content = packet[6], packet[8:24], packet[40:]
        if origin != target or protocol not in _NAMES:
            continue
        # Neighbour discovery is how the machine is found, and no answer of what is asked.
        if protocol == _ICMP6 and content[0] in range(133, 138):
            continue
        number = content[0] if _NAMES[protocol] == "icmp" else int.from_bytes(content[:2], "big")
        found[_NAMES[protocol]].add(number)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    print(json.dumps(scan(sys.argv[1])))
