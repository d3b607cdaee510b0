"""A filter of system calls for a walk: what no example needs, and what has let programs out.

Written in classic BPF, which the kernel runs at each call (seccomp(2),
https://docs.kernel.org/userspace-api/seccomp_filter.html). A call that is refused fails with an
error, so that programs go on as on a kernel without it; nothing is killed.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct

ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD, EQUAL, AT_LEAST, HAS_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # where they are in what the kernel hands over
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
X32 = 0x40000000  # numbers from here on are a second table of x86-64, with the same calls
NEW = 0x7E020080  # every flag of clone(2) that makes a namespace
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
ROUTE, SOCK_DIAG = 0, 4  # what of netlink is left: asking about interfaces and sockets
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # type into a terminal as if by its keys

# Calls that are refused: their numbers on x86-64 and in the table of newer architectures.
# From https://github.com/torvalds/linux: arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h
REFUSED = {
    # other namespaces, other roots, mounts
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    # looking into other processes and taking their files
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272), "process_madvise": (440, 440),
    # keyrings are the caller's, whatever the namespace
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    # parts of the kernel with a long list of holes, and no use on a page
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "userfaultfd": (323, 282), "bpf": (321, 280), "perf_event_open": (298, 241),
    "fanotify_init": (300, 262), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "lookup_dcookie": (212, 18),
    # the machine itself
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "reboot": (169, 142),
    "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "syslog": (103, 116),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "adjtimex": (159, 171),
    "clock_adjtime": (305, 266), "sethostname": (170, 161), "setdomainname": (171, 162),
}  # fmt: skip
CLONE, CLONE3, SOCKET, IOCTL = (56, 220), (435, 435), (41, 198), (16, 29)
SHMGET = (29, 194)
SEGMENT = 64 << 10  # bytes, of memory that stays without a process; there may be 4,096 segments
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # the kernel's names for architectures

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def install() -> None:
    """Filter the calls of this process and all that it starts, for good; raises OSError.

    Does nothing on an architecture whose numbers are not known here.
    """
    if (program := prepare()) is None:
        return
    code = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, MODE_FILTER, header, 0, 0
    ):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "seccomp")


@functools.cache
def prepare() -> bytes | None:
    """The filter as the kernel takes it, made once; None where the numbers are not known."""
    machine = os.uname().machine
    if machine not in AUDIT:
        return None
    found = _program(AUDIT[machine], 0 if machine == "x86_64" else 1)
    return b"".join(struct.pack("HBBI", *one) for one in found)


def _program(architecture: int, column: int) -> list[Instruction]:
    """The filter: a call is refused, looked at further by its arguments, or allowed."""
    found: list[Instruction] = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture)]
    found += [_refuse(errno.ENOSYS), (LOAD, 0, 0, NUMBER)]
    if column == 0:
        found += [(AT_LEAST, 0, 1, X32), _refuse(errno.ENOSYS)]
    for numbers in REFUSED.values():
        found += [(EQUAL, 0, 1, numbers[column]), _refuse(errno.EPERM)]
    # clone3 hides its flags in memory, where no filter sees them; libraries then use clone.
    found += [(EQUAL, 0, 1, CLONE3[column]), _refuse(errno.ENOSYS)]
    found += [(EQUAL, 0, 4, CLONE[column]), _argument(0), (HAS_BITS, 0, 1, NEW)]
    found += [_refuse(errno.EPERM), (RETURN, 0, 0, ALLOW)]
    found += [(EQUAL, 0, 4, IOCTL[column]), _argument(1), (EQUAL, 1, 0, TIOCSTI)]
    found += [(EQUAL, 0, 1, TIOCLINUX), _refuse(errno.EPERM)]
    found += [(LOAD, 0, 0, NUMBER), (EQUAL, 0, 6, SHMGET[column]), _argument(1, upper=True)]
    found += [(EQUAL, 0, 2, 0), _argument(1), (AT_LEAST, 0, 1, SEGMENT + 1)]
    found += [_refuse(errno.ENOSPC), (RETURN, 0, 0, ALLOW)]
    found += [(EQUAL, 1, 0, SOCKET[column]), (RETURN, 0, 0, ALLOW)]
    found += [_argument(0), (EQUAL, 4, 0, AF_UNIX), (EQUAL, 3, 0, AF_INET), (EQUAL, 2, 0, AF_INET6)]
    found += [(EQUAL, 2, 0, AF_NETLINK), _refuse(errno.EAFNOSUPPORT)]
    found += [(RETURN, 0, 0, ALLOW)]
    found += [_argument(2), (EQUAL, 2, 0, ROUTE), (EQUAL, 1, 0, SOCK_DIAG)]
    found += [_refuse(errno.EAFNOSUPPORT), (RETURN, 0, 0, ALLOW)]
    return found


def _refuse(number: int) -> Instruction:
    return (RETURN, 0, 0, ERRNO | number)


def _argument(index: int, *, upper: bool = False) -> Instruction:
    """Load the lower half of an argument, which is all that most are compared by, or the other."""
    return (LOAD, 0, 0, ARGUMENTS + 8 * index + 4 * upper)
