"""A world of its own for each walk, made by the Linux kernel, also for a plain user.

The process that enters becomes number 1 of new namespaces: it sees no process but those below
it, no network but loopback, and no file but programs, packages and one empty folder, which is
all that can be written. When it ends, the kernel ends everything in there. Where the kernel
refuses (other systems, hardened containers) the audit hook alone stands.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tandem.world import limits, seccomp
from tandem.world.processes import die_with_parent, open_to_others, send

BASE = Path("/reader")  # where a walk's folder is in there
NOBODY = 65534  # a user that every Linux has
PROCESSES = 500  # in one world
SIZE = "size=768m,nr_inodes=100k"  # of the folder: all that a walk writes

# What is shown of the machine, where it is there. No home, no /run, no /var, no other /etc.
PROGRAMS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/usr",
            "/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew")  # fmt: skip
ETC = ("alternatives", "ca-certificates", "crypto-policies", "group", "host.conf", "hosts",
       "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf",
       "passwd", "pki", "protocols", "services", "ssl/certs", "ssl/openssl.cnf",
       "terminfo")  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_RECURSIVE, MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID = 0x8000, 1, 2
MOUNT_SETATTR = 442  # a system call with one number on every architecture
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
PIVOT_ROOT = {"x86_64": 155, "i686": 217, "s390x": 217, "ppc64le": 203}.get(os.uname().machine, 41)
KEYCTL = {"x86_64": 250}.get(os.uname().machine, 219)
KEYCTL_JOIN_SESSION_KEYRING = 1
CAPABILITY_VERSION_3 = 0x20080522
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

# What one walk after the other uses. Its processes too are in a world of their own: only in one
# that is its own may a plain user go back from a walk's.
SHARED = (
    os.CLONE_NEWNS | os.CLONE_NEWUTS | os.CLONE_NEWNET | os.CLONE_NEWPID
    if hasattr(os, "CLONE_NEWNS")
    else 0
)

_libc = ctypes.CDLL(None, use_errno=True)


def prepare() -> None:
    """Make what all walks of a runner share; it goes on in there, and can `fork` for each walk.

    It goes on in a child that is process 1 in there, while this process waits for its end, passes
    SIGTERM on, and ends as it did. What is shared is a root folder of what is shown, read-only,
    where the machine's other files are not there any more, and a network of loopback alone. One
    walk after the other uses both, and what ends with a walk leaves nothing in them: no file, no
    socket. Raises OSError where the kernel
    refuses.
    """
    if not sys.platform.startswith("linux") or not hasattr(os, "unshare"):
        raise OSError("namespaces are Linux's")
    for file in (sys.executable, __file__):
        if os.getuid() == 0 and not _readable_by_others(Path(file)):
            raise PermissionError(13, "not to be read by other users", file)
    try:
        os.unshare(SHARED)  # root may
    except PermissionError:
        _become(os.getuid(), os.getgid(), SHARED)
    _go_on_as_first()
    socket.sethostname("localhost")
    seccomp.prepare()
    _raise_loopback()
    _leave_files()


def fork() -> int:
    """Fork into a new world: 0 in there, as its process 1, and the process's number outside.

    `prepare` was called before. `BASE` is then the only place that can be written, and when the
    process ends, the kernel ends everything in there. Raises OSError where the kernel refuses.
    """
    with Path("/proc/self/ns/pid").open("rb") as own:
        os.unshare(os.CLONE_NEWPID)  # for the next child, not for this process
        pid = -1
        try:
            pid = os.fork()
        finally:
            if pid != 0:
                os.setns(own.fileno(), os.CLONE_NEWPID)
    if pid == 0:
        _enter()
    return pid


def _go_on_as_first() -> None:
    """Fork, and return in the child alone, which is process 1 of the namespace that was made."""
    if (pid := os.fork()) == 0:
        die_with_parent(signal.SIGKILL)  # and the kernel ends all others with the first
        return
    limits.close_all(frozenset())  # whoever listens to the child has to hear its end
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: send(pid, signal.SIGTERM))
    die_with_parent(signal.SIGTERM)  # forgotten with the user
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF)


def _enter() -> None:
    user, group = os.getuid() or NOBODY, os.getgid() or NOBODY
    die_with_parent(9)
    os.unshare(os.CLONE_NEWNS | os.CLONE_NEWIPC)
    _mount("proc", Path("/proc"), flags=MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount("devpts", Path("/dev/pts"), "newinstance,ptmxmode=0666,mode=620", MS_NOSUID | MS_NOEXEC)
    for path, size in ((Path("/dev/shm"), "size=64m"), (BASE, SIZE)):
        _mount("tmpfs", path, f"mode=755,uid={user},gid={group},{size}", MS_NOSUID | MS_NODEV)
    if os.getuid() == 0:  # in there, nobody: what is root's cannot be read
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        open_to_others(True)
        _become(user, group, 0)
        die_with_parent(9)  # forgotten with the user
    _libc.syscall(KEYCTL, KEYCTL_JOIN_SESSION_KEYRING, None)  # the caller's is not for examples
    _drop_powers()
    resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    seccomp.install()
    open_to_others(False)  # examples run below this process, and it tells whether they held


def _readable_by_others(file: Path) -> bool:
    """Whether a file and all folders above it are open to every user."""
    return all(one.stat().st_mode & (4 if one == file else 1) for one in (file, *file.parents))


def available() -> bool:
    """Whether this kernel gives a process a world of its own: tried out in one that ends."""
    if (pid := os.fork()) == 0:
        try:
            prepare()
            if (walk := fork()) == 0:
                os._exit(0)
            os._exit(int(os.waitpid(walk, 0)[1] != 0))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


def enter_network() -> None:
    """A network of one's own and no root's powers, with the machine's files: for measuring.

    Raises OSError where the kernel refuses.
    """
    if not sys.platform.startswith("linux") or not hasattr(os, "unshare"):
        raise OSError("namespaces are Linux's")
    _become(os.getuid() or NOBODY, os.getgid() or NOBODY, os.CLONE_NEWNET)
    _raise_loopback()


def _become(user: int, group: int, worlds: int) -> None:
    """Enter a user namespace in which root is nobody: a page's commands are a plain user's."""
    own, own_group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | worlds)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {own} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {own_group} 1")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    settings = Path("/proc/sys/net/ipv4")
    with suppress(OSError):  # or a client's own port could be the one that a server wants
        (settings / "ip_local_port_range").write_text("61000 65535")
    with suppress(OSError):  # or a closed connection would keep a port from the next walk
        (settings / "tcp_max_tw_buckets").write_text("0")


def _leave_files() -> None:
    """Put together a new root folder from what is shown, read-only, and go there for good."""
    root = Path("/tmp")  # hidden from here on, and only from here
    _mount(None, Path("/"), flags=MS_REC | MS_PRIVATE)
    held = {path: os.open(path, os.O_PATH) for path in _shown()}
    _mount("tmpfs", root, "mode=755,size=1m")
    for path, number in held.items():
        _show(path, number, root)
        os.close(number)
    for name, what in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        (root / "dev" / name).symlink_to(f"/proc/self/fd{what}")
    (root / "dev" / "ptmx").symlink_to("pts/ptmx")
    for folder in ("proc", "tmp", "var/tmp", "dev/shm", "dev/pts", BASE.name):
        (root / folder).mkdir(parents=True, exist_ok=True)
    _make_read_only(root)
    _mount("proc", root / "proc", flags=MS_NOSUID | MS_NODEV | MS_NOEXEC)
    os.chdir(root)
    _call("pivot_root", _libc.syscall, PIVOT_ROOT, b".", b".")
    _call("umount2", _libc.umount2, b".", MNT_DETACH)
    os.chdir("/")


def _shown() -> list[Path]:
    """What is shown, nothing below another: programs, this Python, its packages, this checker."""
    folders = [sys.base_prefix, sys.prefix, *filter(os.path.isabs, sys.path)]
    wanted = [*PROGRAMS, *(f"/etc/{name}" for name in ETC), *(f"/dev/{name}" for name in DEVICES)]
    found: list[Path] = []
    for path in sorted({Path(name) for name in [*wanted, *folders]}):
        if path.exists() and not any(path.is_relative_to(one) for one in found):
            found.append(path)
    return found


def _show(path: Path, number: int, root: Path) -> None:
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    source = Path(f"/proc/self/fd/{number}")
    if path.is_symlink():
        target.symlink_to(path.readlink())
        return
    if source.is_dir():
        target.mkdir()
    else:
        target.touch()
    _mount(str(source), target, flags=MS_BIND | MS_REC)


def _make_read_only(root: Path) -> None:
    """All that is mounted below a folder, at once."""
    wanted = struct.pack("QQQQ", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, 0, 0, 0)
    _call("mount_setattr", _libc.syscall, MOUNT_SETATTR, -100, os.fsencode(root), AT_RECURSIVE,
          wanted, ctypes.c_size_t(len(wanted)))  # fmt: skip


def _drop_powers() -> None:
    """Give up every capability over this world, and any way to win one."""
    for number in range(64):
        _libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _call("capset", _libc.capset, header, bytes(24))
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _mount(source: str | None, target: Path, data: str = "", flags: int = 0) -> None:
    name = (source or "none").encode()
    _call(str(target), _libc.mount, name, os.fsencode(target), name, ctypes.c_ulong(flags),
          data.encode())  # fmt: skip


def _call(what: str, function: Any, *arguments: object) -> None:
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
