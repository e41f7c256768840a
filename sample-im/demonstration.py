#!/usr/bin/env python3
"""Shows a rolling restart in which no request fails: two nodes of the chat on one database, restarted in turn, every 20 s, while you chat.

    ./mvnw -q -DskipTests package
    python3 sample-im/demonstration.py [--port 8080] [--every SECONDS] [--restarts COUNT]

There is no balancer. This program holds the listening socket, and both nodes accept from its queue; the one that stops leaves the queue to the
other. What the nodes say is shown with their names before it. Ctrl+C ends all of it. On 127.0.0.1 only.
"""
import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading

JAVA = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if os.environ.get("JAVA_HOME") else "java"
JAR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "target", "sample-im.jar")


class Process:
    """One process of the chat, whose lines are shown."""

    def __init__(self, name, stdin, *options):
        self.name, self.running = name, threading.Event()
        self.process = subprocess.Popen([JAVA, "-jar", JAR, *options], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, start_new_session=True)
        self.lines = threading.Thread(target=self.show, daemon=True)
        self.lines.start()

    def show(self):
        for line in self.process.stdout:
            print("%s  %s" % (self.name, line), end="", flush=True)
            if " is running" in line:
                self.running.set()
        self.running.set()

    def await_running(self):
        self.running.wait()
        if self.process.poll() is not None:
            raise SystemExit("%s has ended with status %d" % (self.name, self.process.returncode))
        return self

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.lines.join()
        return status


def main():
    arguments = argparse.ArgumentParser(description="Two nodes of the chat, restarted in turn.")
    arguments.add_argument("--port", type=int, default=8080)
    arguments.add_argument("--every", type=float, default=20, help="seconds between two restarts (default: 20)")
    arguments.add_argument("--restarts", type=int, default=-1, help="how many, then all ends (default: until Ctrl+C)")
    given = arguments.parse_args()
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())
    processes, statuses = {}, []
    with tempfile.TemporaryDirectory() as folder, socket.socket() as listening, socket.socket() as probe:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", given.port))
        listening.listen(1024)
        port = listening.getsockname()[1]
        probe.bind(("127.0.0.1", 0))
        database_port = probe.getsockname()[1]
        probe.close()

        def start_node(name):
            processes[name] = Process(name, listening.fileno(), "--port", str(port), "--admin-port", "0",
                                      "--mongo-uri", "mongodb://127.0.0.1:%d/im" % database_port).await_running()

        try:
            processes["database"] = Process("db", subprocess.DEVNULL, "--database-only", str(database_port), "--data-dir",
                                            os.path.join(folder, "data")).await_running()
            start_node("a ")
            start_node("b ")
            print("\n    http://127.0.0.1:%d - open it in two tabs, and chat; a node restarts every %g s\n" % (port, given.every), flush=True)
            restarts = 0
            while not stop.wait(given.every) and restarts != given.restarts:
                name = "ab"[restarts % 2] + " "
                statuses.append(processes[name].end())
                start_node(name)
                restarts += 1
                print("\n    %d restarts, exit statuses %s\n" % (restarts, sorted(set(statuses))), flush=True)
        finally:
            for name in ("a ", "b ", "database"):
                if name in processes:
                    statuses.append(processes[name].end())
    sys.exit(max(statuses))


if __name__ == "__main__":
    main()
