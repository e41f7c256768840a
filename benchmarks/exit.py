#!/usr/bin/env python3
"""Measures the end of idle servers after TERM: when the JVM has done its part (exit_group), and when the kernel has freed the process.

    ./mvnw -q -DskipTests package
    ./mvnw -q -f benchmarks/peers package
    python3 benchmarks/exit.py [ROUNDS]

The servers take turns. Needs Linux, `perf`, and the right to trace the whole machine.
"""
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from restarts import JAVA, ROOT

JETTY = ["-cp", "benchmarks/target/lib/*", "io.lifecycle4j.benchmarks.JettyPeer"]
SERVERS = {
    "Lifecycle4j on Jetty": [*JETTY, "app"],
    "Jetty": [*JETTY, "graceful"],
    "Undertow": ["-cp", "benchmarks/peers/undertow/target/lib/*", "io.lifecycle4j.benchmarks.peers.UndertowPeer"],
    "sockets alone": ["-cp", "benchmarks/target/lib/*", "io.lifecycle4j.benchmarks.SocketPeer"],
    "the chat": ["-jar", "sample-im/target/sample-im.jar", "--port", "0", "--admin-port", "0", "--data-dir", "FOLDER/data"],
}
SETTLE = 3


def resident_megabytes(pid):
    with open("/proc/%d/status" % pid) as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def stop(command, folder):
    """Returns the resident memory, and the milliseconds from TERM to exit_group and from there to the end."""
    command = [JAVA, *(word.replace("FOLDER", folder) for word in command)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(SETTLE)
    resident = resident_megabytes(server.pid)
    trace = folder + "/perf.data"
    perf = subprocess.Popen(["perf", "record", "-q", "-a", "-k", "CLOCK_MONOTONIC", "-e", "syscalls:sys_enter_exit_group", "-o", trace])
    time.sleep(1)
    term = time.monotonic()
    server.send_signal(signal.SIGTERM)
    server.wait()
    gone = time.monotonic()
    perf.send_signal(signal.SIGINT)
    perf.wait()
    events = subprocess.run(["perf", "script", "-i", trace, "-F", "pid,time"], capture_output=True, text=True).stdout
    exit_group = next(float(at) for pid, at in re.findall(r"(\d+)\s+([\d.]+):", events) if int(pid) == server.pid)
    return resident, (exit_group - term) * 1000, (gone - exit_group) * 1000


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    measured = {name: [] for name in SERVERS}
    for _ in range(rounds):
        for name, command in SERVERS.items():
            with tempfile.TemporaryDirectory() as folder:
                measured[name].append(stop(command, folder))
    print("| server | resident, MB | TERM to exit_group, ms | from there to gone, ms |\n|---|---|---|---|")
    for name, values in measured.items():
        print("| %s | %.0f | %.1f | %.1f |" % (name, *(statistics.median(column) for column in zip(*values))))


if __name__ == "__main__":
    main()
