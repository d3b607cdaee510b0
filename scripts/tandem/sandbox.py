"""What the Linux kernel offers a plain user to keep examples in: a network and mounts of one's own.

A runner enters once, before it runs anything: from then on only loopback exists for it, every
port is free, and all folders but its own are read-only, also for programs that are not Python.
Where the kernel refuses (other systems, hardened containers) the audit hook still stands.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
# Flags of a mount that a remount inside a user namespace has to repeat.
KEPT = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1024, "nodiratime": 2048,
        "relatime": 1 << 21}  # fmt: skip
NOBODY = 65534  # a user that every Linux has
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter(writable: Path) -> bool:
    """Leave the machine's network and make all but `writable` read-only; False if refused."""
    if not sys.platform.startswith("linux") or not hasattr(os, "unshare"):
        return False
    user, group = os.getuid(), os.getgid()
    try:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET | os.CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny")
        # To itself root is nobody here: a page's commands are those of a plain user.
        Path("/proc/self/uid_map").write_text(f"{user or NOBODY} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group or NOBODY} {group} 1")
        _raise_loopback()
        _close_mounts(writable)
    except OSError:
        return False
    return True


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    with suppress(OSError):  # or a client's own port could be the one that a server wants
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("61000 65535")


def _close_mounts(writable: Path) -> None:
    _mount(b"none", b"/", MS_REC | MS_PRIVATE)
    own = os.fsencode(writable.resolve())
    _mount(own, own, MS_BIND | MS_REC)
    for row in Path("/proc/self/mountinfo").read_text().splitlines():
        fields = row.split()
        target = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        if os.fsencode(target) == own or target.startswith(("/dev", "/proc", "/sys")):
            continue
        kept = sum(KEPT.get(option, 0) for option in fields[5].split(","))
        _mount(b"none", os.fsencode(target), MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def _mount(source: bytes, target: bytes, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source, target, None, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(target))
