"""Which system calls a child may make, and the numbers of those that its filter names (asm/unistd.h)."""

from __future__ import annotations

from typing import Final

ALLOWED: Final = """
read write futex pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2 lseek
open openat close close_range dup dup2 dup3 pipe pipe2 eventfd2 poll ppoll select pselect6
epoll_create1 epoll_ctl epoll_wait epoll_pwait
stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat getdents64 getcwd statfs fstatfs
ftruncate truncate fallocate fsync fdatasync sync_file_range fadvise64 sendfile copy_file_range flock umask
symlink symlinkat unlink unlinkat mkdir mkdirat rmdir rename renameat renameat2
mmap munmap mremap mprotect madvise mincore msync brk membarrier get_mempolicy
set_robust_list get_robust_list rseq set_tid_address exit exit_group restart_syscall arch_prctl
sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
getcpu gettid getpid getppid getpgrp getpgid getsid getpriority
getuid geteuid getgid getegid getresuid getresgid getgroups getrusage getrlimit setrlimit sysinfo uname
nanosleep clock_nanosleep clock_gettime clock_getres gettimeofday time times getrandom
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause
""".split()
"""Whatever their arguments: files by path and descriptor, memory, threads that exist, what is one's own, time, signals.

`clone`, `prctl`, `ioctl`, `fcntl`, `kill`, `tgkill` and `prlimit64` depend on their arguments (seccomp.py)."""
FATAL: Final = """
bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register add_key request_key keyctl
init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct
mount umount2 pivot_root move_mount open_tree fsopen fsconfig fsmount mount_setattr chroot setns unshare
open_by_handle_at pidfd_getfd
""".split()

_X86_64: Final = """
read=0  write=1  futex=202  pread64=17  pwrite64=18  readv=19  writev=20  preadv=295  pwritev=296  preadv2=327
pwritev2=328  lseek=8  open=2  openat=257  close=3  close_range=436  dup=32  dup2=33  dup3=292  pipe=22  pipe2=293
eventfd2=290  poll=7  ppoll=271  select=23  pselect6=270  epoll_create1=291  epoll_ctl=233  epoll_wait=232
epoll_pwait=281  stat=4  fstat=5  lstat=6  newfstatat=262  statx=332  access=21  faccessat=269  faccessat2=439
readlink=89  readlinkat=267  getdents64=217  getcwd=79  statfs=137  fstatfs=138  ftruncate=77  truncate=76
fallocate=285  fsync=74  fdatasync=75  sync_file_range=277  fadvise64=221  sendfile=40  copy_file_range=326  flock=73
umask=95  symlink=88  symlinkat=266  unlink=87  unlinkat=263  mkdir=83  mkdirat=258  rmdir=84  rename=82  renameat=264
renameat2=316  mmap=9  munmap=11  mremap=25  mprotect=10  madvise=28  mincore=27  msync=26  brk=12  membarrier=324
get_mempolicy=239  set_robust_list=273  get_robust_list=274  rseq=334  set_tid_address=218  exit=60  exit_group=231
restart_syscall=219  arch_prctl=158  sched_yield=24  sched_getaffinity=204  sched_getparam=143  sched_getscheduler=145
sched_get_priority_max=146  sched_get_priority_min=147  getcpu=309  gettid=186  getpid=39  getppid=110  getpgrp=111
getpgid=121  getsid=124  getpriority=140  getuid=102  geteuid=107  getgid=104  getegid=108  getresuid=118
getresgid=120  getgroups=115  getrusage=98  getrlimit=97  setrlimit=160  sysinfo=99  uname=63  nanosleep=35
clock_nanosleep=230  clock_gettime=228  clock_getres=229  gettimeofday=96  time=201  times=100  getrandom=318
rt_sigaction=13  rt_sigprocmask=14  rt_sigreturn=15  rt_sigpending=127  rt_sigtimedwait=128  rt_sigsuspend=130
sigaltstack=131  pause=34  clone=56  clone3=435  prctl=157  ioctl=16  fcntl=72  kill=62  tgkill=234  prlimit64=302
bpf=321  perf_event_open=298  userfaultfd=323  io_uring_setup=425  io_uring_enter=426  io_uring_register=427
add_key=248  request_key=249  keyctl=250  init_module=175  finit_module=313  delete_module=176  kexec_load=246
kexec_file_load=320  reboot=169  swapon=167  swapoff=168  acct=163  mount=165  umount2=166  pivot_root=155
move_mount=429  open_tree=428  fsopen=430  fsconfig=431  fsmount=432  mount_setattr=442  chroot=161  setns=308
unshare=272  open_by_handle_at=304  pidfd_getfd=438
"""
_AARCH64: Final = """
read=63  write=64  futex=98  pread64=67  pwrite64=68  readv=65  writev=66  preadv=69  pwritev=70  preadv2=286
pwritev2=287  lseek=62  openat=56  close=57  close_range=436  dup=23  dup3=24  pipe2=59  eventfd2=19  ppoll=73
pselect6=72  epoll_create1=20  epoll_ctl=21  epoll_pwait=22  fstat=80  newfstatat=79  statx=291  faccessat=48
faccessat2=439  readlinkat=78  getdents64=61  getcwd=17  statfs=43  fstatfs=44  ftruncate=46  truncate=45
fallocate=47  fsync=82  fdatasync=83  sync_file_range=84  fadvise64=223  sendfile=71  copy_file_range=285  flock=32
umask=166  symlinkat=36  unlinkat=35  mkdirat=34  renameat=38  renameat2=276  mmap=222  munmap=215  mremap=216
mprotect=226  madvise=233  mincore=232  msync=227  brk=214  membarrier=283  get_mempolicy=236  set_robust_list=99
get_robust_list=100  rseq=293  set_tid_address=96  exit=93  exit_group=94  restart_syscall=128  sched_yield=124
sched_getaffinity=123  sched_getparam=121  sched_getscheduler=120  sched_get_priority_max=125
sched_get_priority_min=126  getcpu=168  gettid=178  getpid=172  getppid=173  getpgid=155  getsid=156  getpriority=141
getuid=174  geteuid=175  getgid=176  getegid=177  getresuid=148  getresgid=150  getgroups=158  getrusage=165
getrlimit=163  setrlimit=164  sysinfo=179  uname=160  nanosleep=101  clock_nanosleep=115  clock_gettime=113
clock_getres=114  gettimeofday=169  times=153  getrandom=278  rt_sigaction=134  rt_sigprocmask=135  rt_sigreturn=139
rt_sigpending=136  rt_sigtimedwait=137  rt_sigsuspend=133  sigaltstack=132  clone=220  clone3=435  prctl=167  ioctl=29
fcntl=25  kill=129  tgkill=131  prlimit64=261  bpf=280  perf_event_open=241  userfaultfd=282  io_uring_setup=425
io_uring_enter=426  io_uring_register=427  add_key=217  request_key=218  keyctl=219  init_module=105  finit_module=273
delete_module=106  kexec_load=104  kexec_file_load=294  reboot=142  swapon=224  swapoff=225  acct=89  mount=40
umount2=39  pivot_root=41  move_mount=429  open_tree=428  fsopen=430  fsconfig=431  fsmount=432  mount_setattr=442
chroot=51  setns=268  unshare=97  open_by_handle_at=265  pidfd_getfd=438
"""


def _table(text: str) -> dict[str, int]:
    return {name: int(number) for name, _, number in (entry.partition("=") for entry in text.split())}


NUMBERS: Final = {"x86_64": _table(_X86_64), "aarch64": _table(_AARCH64)}
"""aarch64 has no calls that newer ones took the place of, such as `open`."""
