"""A SLURM of one node with two stand-ins for GPUs, for tests: `python tests/slurm/cluster.py start|stop FOLDER`.

Its daemons need neither systemd nor cgroups nor accounting, but they need root. All state lies in FOLDER; only
`/etc/slurm/slurm.conf` and `gres.conf` are links to it, because a job step of Snakemake's plugin drops `SLURM_CONF` and
then looks there. A configuration that is there already is somebody's cluster and is left alone.

The node claims more CPUs and memory than the machine has, so that GPUs, and nothing else, are what jobs wait for. A
stand-in is a character device like `/dev/null`: SLURM counts and hands out GPUs by such files without opening them.
"""

import argparse
import contextlib
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scancel")
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "slurm-wlm", "munge")
DAEMONS = ("slurmd", "slurmctld", "munged")
"""In the order in which they are stopped."""

ETC = Path("/etc/slurm")
CONFIGS = ("slurm.conf", "gres.conf")
GPUS, CPUS, MEMORY_MB = 2, 4, 64_000
SECONDS = 60
"""How long a daemon may take to start or to end."""

SLURM_CONF = """\
ClusterName=stand-in
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/controller
SlurmdSpoolDir={folder}/node
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
# No cgroups: processes are found by their parents.
ProctrackType=proctrack/linuxproc
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
KillWait=5
GresTypes=gpu
# The node counts what stands here, not what the machine has.
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpus} State=UNKNOWN
PartitionName=both Nodes={host} Default=YES MaxTime=UNLIMITED State=UP
"""


class Refused(Exception):
    """Why there is no cluster, in one line."""


def missing() -> str:
    """Why a cluster cannot be started here, in one line; empty if it can."""
    if os.geteuid() != 0:
        return "SLURM's daemons need root, and this is another user"
    absent = [name for name in PROGRAMS if which(name) is None]
    if absent:
        return f"{', '.join(absent)}: not installed; on Debian: {' '.join(INSTALL)}"
    foreign = [name for name in CONFIGS if (ETC / name).exists() and not (ETC / name).is_symlink()]
    if foreign:
        return f"{ETC / foreign[0]} belongs to another cluster"
    return ""


def install() -> None:
    """Install Debian's packages where programs are missing.

    Raises:
        Refused: this is not root on Debian, they cannot be had, or another cluster's configuration is there.
    """
    if os.geteuid() == 0 and not all(map(which, PROGRAMS)) and which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (("apt-get", "update", "--quiet"), INSTALL):
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"{' '.join(INSTALL)}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    reason = missing()
    if reason:
        raise Refused(reason)


def which(name: str) -> str | None:
    """Where a program lies; daemons are in folders that only root's PATH has."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def start(folder: Path) -> None:
    """Start the daemons and wait until the node takes jobs.

    Raises:
        Refused: it cannot run here, one runs already, or it did not come up in `SECONDS`; nothing is left running.
    """
    reason = missing()
    if reason:
        raise Refused(reason)
    running = [link.resolve().parent for name in CONFIGS if (link := ETC / name).exists()]
    if running:
        raise Refused(f"a cluster runs in {running[0]}; stop it first: {sys.executable} {__file__} stop {running[0]}")
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    write_configs(folder)
    try:
        run_daemons(folder)
        wait_for(lambda: "idle" in says("sinfo", "--noheader", "--format=%t"), f"node idle; see {folder}/*.log")
    except (Refused, subprocess.CalledProcessError) as error:
        stop(folder)
        raise Refused(f"{folder}: {error}") from error


def write_configs(folder: Path) -> None:
    """Write the configuration and the stand-ins, and link it to where SLURM looks."""
    host = socket.gethostname().split(".")[0]
    controller_port, node_port = free_ports(2)
    values = {"host": host, "folder": folder, "cpus": CPUS, "memory": MEMORY_MB, "gpus": GPUS}
    values |= {"controller_port": controller_port, "node_port": node_port}
    for name in ("controller", "node"):
        (folder / name).mkdir(exist_ok=True)
    for i in range(GPUS):
        device = folder / f"gpu{i}"
        if not device.exists():
            os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (folder / "slurm.conf").write_text(SLURM_CONF.format_map(values))
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-{GPUS - 1}]\n")
    key = folder / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    ETC.mkdir(exist_ok=True)
    for name in CONFIGS:
        (ETC / name).unlink(missing_ok=True)  # a link to a folder that is gone
        (ETC / name).symlink_to(folder / name)


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def run_daemons(folder: Path) -> None:
    """Start munged, the controller and the node; each goes into the background by itself."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SLURM_")}
    munge = {"key-file": "munge.key", "socket": "munge.socket", "pid-file": "munged.pid", "log-file": "munged.log"}
    munge["seed-file"] = "munge.seed"
    # --force: warn, and go on, about a folder under /tmp.
    commands = [["munged", "--force", *(f"--{key}={folder / name}" for key, name in munge.items())]]
    commands += [["slurmctld", "-i"], ["slurmd"]]
    for name, *arguments in commands:
        with (folder / f"{name}.out").open("w") as out:
            subprocess.run([which(name), *arguments], env=environment, check=True, stdout=out, stderr=out)


def stop(folder: Path) -> None:
    """End all jobs, the daemons by their pid files, and remove the links."""
    folder = folder.resolve()
    if (folder / "slurmctld.pid").exists():
        says("scancel", "--full", "--signal=KILL", "--state=RUNNING")
        says("scancel", f"--user={os.geteuid()}")
        with contextlib.suppress(Refused):
            wait_for(lambda: not says("squeue", "--noheader"), "all jobs gone")
    for name in DAEMONS:
        path = folder / f"{name}.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, ProcessLookupError):
            pid = int(path.read_text())
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda pid=pid: not Path(f"/proc/{pid}").exists(), f"{name} gone")
        path.unlink(missing_ok=True)
    for name in CONFIGS:
        link = ETC / name
        if link.is_symlink() and link.readlink().parent == folder:
            link.unlink()


def says(*command: str) -> str:
    """What a command of SLURM prints; nothing while the controller cannot be reached."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS).stdout
    return ""


def wait_for(condition, what: str) -> None:
    """Wait until `condition()` holds.

    Raises:
        Refused: it does not within `SECONDS`.
    """
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise Refused(f"not within {SECONDS} s: {what}")
        time.sleep(0.2)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, call in (("start", start), ("stop", stop)):
        command = commands.add_parser(name, help=call.__doc__.split("\n")[0])
        command.add_argument("folder", type=Path, help="for all state of the cluster")
    commands.add_parser("install", help=install.__doc__.split("\n")[0])
    commands.add_parser("missing", help=missing.__doc__.split("\n")[0])
    options = parser.parse_args()
    try:
        if options.command == "missing":
            print(missing())
        elif options.command == "install":
            install()
        else:
            {"start": start, "stop": stop}[options.command](options.folder)
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
