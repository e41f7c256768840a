#!/usr/bin/env python3
"""Measures the chat from exec to its first response, without and with class-data sharing, the sides in turn.

    ./mvnw -q -DskipTests package
    python3 benchmarks/start.py [ROUNDS] [JAR...]

With more than one jar, such as one of an earlier commit, each is measured. The data folder is new in each round. On 127.0.0.1 only.
"""
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from restarts import JAVA, ROOT, free_port


def start(jar, *options):
    """Starts the jar, and returns the milliseconds until the page came."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        process = subprocess.Popen([JAVA, *options, "-jar", jar, "--port", str(port), "--admin-port", "0", "--data-dir", folder + "/data"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while process.poll() is None:
                try:
                    with socket.create_connection(("127.0.0.1", port)) as client:
                        client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
                        if client.recv(100).startswith(b"HTTP/1.1 200"):
                            return (time.monotonic() - begun) * 1000
                except OSError:
                    time.sleep(0.002)
            raise SystemExit("the chat has ended with status %d" % process.returncode)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    jars = sys.argv[2:] or [os.path.join(ROOT, "sample-im", "target", "sample-im.jar")]
    with tempfile.TemporaryDirectory() as folder:
        sides = []
        for number, jar in enumerate(jars):
            archive = os.path.join(folder, "%d.jsa" % number)
            start(jar, "-XX:ArchiveClassesAtExit=" + archive)
            sides.append((jar, "as it is", []))
            sides.append((jar, "class-data sharing, %d MB" % (os.path.getsize(archive) >> 20), ["-XX:SharedArchiveFile=" + archive]))
        times = [[] for _ in sides]
        for _ in range(rounds):
            for side, (jar, _, options) in enumerate(sides):
                times[side].append(start(jar, *options))
    print("| jar | side | median | min | max |\n|---|---|---|---|---|")
    for (jar, side, _), taken in zip(sides, times):
        print("| %s | %s | %.0f ms | %.0f ms | %.0f ms |" % (os.path.basename(jar), side, statistics.median(taken), min(taken), max(taken)))


if __name__ == "__main__":
    main()
