"""Processes stopped at their system calls: killed there, or told there that the disk is full.

Linux on x86-64 only; `works` tells whether this machine lets a process trace another.
"""

import ctypes
import errno
import os
import platform
import signal
import sys
import traceback

TRACEME, GETREGS, SETREGS, SYSCALL, SETOPTIONS = 0, 12, 13, 24, 0x4200
MARK_SYSCALLS, EXIT_KILL = 1, 0x100000

# Calls that change a file or a folder, and those of them that can find the disk full.
CHANGES = {
    1: "write", 18: "pwrite64", 20: "writev", 74: "fsync", 75: "fdatasync", 76: "truncate",
    77: "ftruncate", 82: "rename", 83: "mkdir", 87: "unlink", 257: "openat", 263: "unlinkat",
    264: "renameat", 285: "fallocate", 316: "renameat2",
}  # fmt: skip
FILLS = {"write", "pwrite64", "writev", "ftruncate", "mkdir", "fallocate", "fsync", "fdatasync"}

REGISTERS = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
    "fs_base gs_base ds es fs gs"
)
REFUSED, CRASHED = 3, 4


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in REGISTERS.split()]


_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request, process, data=None):
    if _libc.ptrace(request, process, None, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace")


def _child(action, refusal):
    code = 0
    try:
        _ptrace(TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        action()
    except refusal:
        code = REFUSED
    except BaseException:
        traceback.print_exc()
        code = CRASHED
    finally:
        sys.stderr.flush()
        os._exit(code)


def run(action, *, at=None, full=False, refusal=()):
    """Run an action in a process of its own, up to its `at`-th call that changes files.

    Args:
        action: What to do.
        at: Number of the call, from 0; None lets it finish.
        full: Let calls from there on find the disk full, instead of killing the process there.
        refusal: The exception that an action may end in when the disk is full.

    Returns:
        How many such calls were seen, and the exit code (-9 after the kill).
    """
    process = os.fork()
    if not process:
        _child(action, refusal)
    os.waitpid(process, 0)
    _ptrace(SETOPTIONS, process, ctypes.c_void_p(MARK_SYSCALLS | EXIT_KILL))
    seen, entering, failing, give = 0, True, False, 0
    registers = Registers()
    while True:
        _ptrace(SYSCALL, process, ctypes.c_void_p(give))
        _, status = os.waitpid(process, 0)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return seen, os.waitstatus_to_exitcode(status)
        give = 0
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            give = os.WSTOPSIG(status)
            continue
        if entering:
            _ptrace(GETREGS, process, ctypes.byref(registers))
            name = CHANGES.get(registers.orig_rax)
            if name and at is not None and seen >= at:
                if not full:
                    os.kill(process, signal.SIGKILL)
                    return seen, os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                if name in FILLS and registers.rdi != 2:
                    registers.orig_rax = ctypes.c_ulonglong(-1).value
                    _ptrace(SETREGS, process, ctypes.byref(registers))
                    failing = True
            seen += name is not None
        elif failing:
            _ptrace(GETREGS, process, ctypes.byref(registers))
            registers.rax = ctypes.c_ulonglong(-errno.ENOSPC).value
            _ptrace(SETREGS, process, ctypes.byref(registers))
            failing = False
        entering = not entering


def works():
    """Tell whether calls can be watched here."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    try:
        seen, code = run(lambda: os.write(1, b""))
    except OSError:
        return False
    return (seen > 0, code) == (True, 0)
