#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""under_unit.py UNIT [--without CALL]… COMMAND ARGUMENTS…: runs a command under the restrictions of a systemd service, without systemd.

What a unit says about system calls, capabilities, privileges and the user are properties of a process, which anyone can
take on before exec(2); this takes them on as systemd does, with libseccomp, and with the groups of system calls (@aio, …) as
`systemd-analyze syscall-filter` lists them. What it says about mounts and devices needs systemd and is left out.
Called by systemd_test.py, and of use by hand. --without takes a system call out of the filter, as a drop-in would.
"""
import ctypes
import ctypes.util
import errno
import mmap
import os
import re
import socket
import subprocess
import sys

ALLOW = 0x7FFF0000
EQUAL, MASKED_EQUAL = 4, 7
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
SHM_EXEC = 0o100000
NOBODY = 65534


def refuse(error_number):
    return 0x00050000 | error_number


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class Filter:
    """One seccomp filter. Several can be in force: the strictest answer counts."""

    def __init__(self, library, default):
        self.library = library
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(default)))

    def rule(self, action, call, *comparison):
        number = self.library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return  # a call of another architecture, or newer than libseccomp
        compared = (Comparison * 1)(*(Comparison(*item) for item in [comparison] if item))
        status = self.library.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, 1 if comparison else 0, compared)
        if status:
            raise OSError(-status, f"{call}: {os.strerror(-status)}")

    def load(self):
        status = self.library.seccomp_load(self.context)
        if status:
            raise OSError(-status, f"cannot load a filter: {os.strerror(-status)}")


def settings(unit):
    """Each directive of [Service] with its values in order; an empty one starts its list anew."""
    found = {}
    with open(unit) as file:
        for name, value in re.findall(r"^(\w+)=(.*)$", file.read(), re.M):
            found[name] = found.get(name, []) + [value] if value else []
    return found


def groups():
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=True, capture_output=True, text=True).stdout
    found = {}
    for line in text.splitlines():
        if line.startswith("@"):
            members = found.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())
    return found


def expanded(names, known):
    calls = set()
    for name in names:
        calls |= expanded(known[name], known) if name.startswith("@") else {name}
    return calls


def allowed_calls(lines, known):
    """systemd.exec(5): the first line makes it a list of what is allowed; one with ~ takes away."""
    if not lines or lines[0].startswith("~"):
        raise ValueError("SystemCallFilter= is no list of what is allowed")
    calls = expanded(["@default"], known)
    for line in lines:
        names = expanded(line.lstrip("~").split(), known)
        calls = calls - names if line.startswith("~") else calls | names
    return calls


def restrict(unit, without):
    service = settings(unit)
    known = groups()
    library = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2")
    libc = ctypes.CDLL(None)

    os.umask(int(service["UMask"][0], 8))
    if os.geteuid() == 0:
        for capability in range(64) if service["CapabilityBoundingSet"] == [] else ():
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails beyond the last that the kernel has
        if service["DynamicUser"] == ["yes"]:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
    if service["NoNewPrivileges"] == ["yes"]:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)

    if service["MemoryDenyWriteExecute"] == ["yes"]:
        memory = Filter(library, ALLOW)
        both = mmap.PROT_WRITE | mmap.PROT_EXEC
        memory.rule(refuse(errno.EPERM), "mmap", 2, MASKED_EQUAL, both, both)
        for call in ("mprotect", "pkey_mprotect"):
            memory.rule(refuse(errno.EPERM), call, 2, MASKED_EQUAL, mmap.PROT_EXEC, mmap.PROT_EXEC)
        memory.rule(refuse(errno.EPERM), "shmat", 2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC)
        memory.load()

    families = {int(getattr(socket, name)) for name in service["RestrictAddressFamilies"][0].split()}
    sockets = Filter(library, ALLOW)
    for family in set(range(64)) - families:
        sockets.rule(refuse(errno.EAFNOSUPPORT), "socket", 0, EQUAL, family)
    sockets.load()

    # systemd refuses what it knows with SystemCallErrorNumber=, and what is newer than it with ENOSYS.
    allowed = allowed_calls(service["SystemCallFilter"], known) - set(without)
    calls = Filter(library, refuse(errno.ENOSYS))
    for call in expanded(["@known"], known) | allowed:
        calls.rule(ALLOW if call in allowed else refuse(getattr(errno, service["SystemCallErrorNumber"][0])), call)
    calls.load()


def main():
    unit, *rest = sys.argv[1:]
    without = []
    while rest[0] == "--without":
        without.append(rest[1])
        rest = rest[2:]
    # Opened first: the user that the unit runs as need not be able to reach a program in a build directory.
    program = os.open(rest[0], os.O_RDONLY)
    os.set_inheritable(program, False)
    restrict(unit, without)
    os.execve(program, rest, os.environ)


if __name__ == "__main__":
    main()
