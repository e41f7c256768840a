#!/usr/bin/env python3
"""Restarts a small service under the load of wrk (HTTP/1.1, kept alive), h2load and the JDK's client (HTTP/2), and prints what the clients saw.

    ./mvnw -q -DskipTests package
    python3 benchmarks/restarts.py [RESTARTS] [VARIANT...]

Variants: inherited (one process on a listening socket that this program holds), own (one process that binds its socket itself), told and
untold (two processes behind HAProxy in mode tcp; with and without the goodbye during the announce delay). Needs wrk, h2load and, for the
last two, haproxy. All of it on 127.0.0.1; 20 restarts of all four take about ten minutes.
"""
import glob
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIB = os.path.join(ROOT, "benchmarks", "target", "lib", "*")
JAVA = os.path.join(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else "java"
LOADS = os.environ.get("LOADS", "wrk h2load jdk").split()
HAPROXY = """
defaults
    mode tcp
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout check 1s
    retries 0
frontend public
    bind 127.0.0.1:%d
    default_backend service
backend service
    balance roundrobin
    option httpchk GET /readyz
    http-check expect status 200
    default-server check inter 500ms fall 2 rise 2
    server a 127.0.0.1:%d
    server b 127.0.0.1:%d
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Service:
    """One process at one port, restarted in its place."""

    def __init__(self, variant, port):
        self.variant, self.port, self.socket = variant, port, None
        if variant == "inherited":
            self.socket = socket.socket()
            self.socket.bind(("127.0.0.1", port))
            self.socket.listen(1024)
        self.start()

    def start(self):
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [JAVA, "-cp", LIB, "io.lifecycle4j.benchmarks.RestartPeer", str(self.port), self.variant],
            stdin=self.socket or subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def await_ready(self):
        while True:
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % self.port, timeout=30):
                    return
            except OSError:
                time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        if status != 0:
            self.log.seek(0)
            print("status %d\n%s" % (status, self.log.read()), file=sys.stderr)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.socket:
            self.socket.close()


class Probe(threading.Thread):
    """Opens a connection for each request and measures the longest wait; refused ones are counted and tried again."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over, self.longest, self.requests, self.failed = port, False, 0.0, 0, 0

    def run(self):
        while not self.over:
            begun = time.monotonic()
            self.requests += 1
            while not self.over:
                try:
                    with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
                        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        if connection.recv(1000).startswith(b"HTTP/1.1 200"):
                            break
                except OSError:
                    pass
                self.failed += 1
                time.sleep(0.005)
            self.longest = max(self.longest, time.monotonic() - begun)
            time.sleep(0.005)


class Relay:
    """Stands between h2load and the service, and counts streams by their frames.

    h2load opens no other connection after GOAWAY, and counts as started what it has not sent. Here a request has failed if its HEADERS were sent
    and its response did not end, except for those above the GOAWAY's last stream: the server says that it has not looked at them, and other
    clients send them again; they are counted as refused.
    """

    def __init__(self, port):
        self.service = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.lock, self.answered, self.failed, self.refused, self.open = threading.Lock(), 0, 0, 0, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.open.append(threading.Thread(target=self.serve, args=(client,), daemon=True))
            self.open[-1].start()

    def serve(self, client):
        sent, ended, last = set(), set(), [2**31]
        try:
            service = socket.create_connection(("127.0.0.1", self.service))
        except OSError:
            client.close()
            with self.lock:
                self.failed += 1
            return
        with client, service:
            def request(kind, flags, stream, payload):
                if kind == 1:  # HEADERS
                    sent.add(stream)

            def response(kind, flags, stream, payload):
                if kind in (0, 1) and flags & 1:  # DATA, HEADERS: END_STREAM
                    ended.add(stream)
                elif kind == 7:  # GOAWAY
                    last[0] = min(last[0], int.from_bytes(payload[:4], "big"))

            up = threading.Thread(target=self.pump, args=(client, service, 24, request), daemon=True)
            up.start()
            self.pump(service, client, 0, response)
            up.join()
        with self.lock:
            self.answered += len(ended & sent)
            self.failed += sum(stream <= last[0] for stream in sent - ended)
            self.refused += sum(stream > last[0] for stream in sent - ended)

    @staticmethod
    def pump(source, target, preface, frame):
        buffer, skip = b"", preface
        try:
            while data := source.recv(65536):
                buffer += data
                cut = min(skip, len(buffer))
                buffer, skip = buffer[cut:], skip - cut
                while len(buffer) >= 9 and len(buffer) >= 9 + int.from_bytes(buffer[:3], "big"):
                    size = 9 + int.from_bytes(buffer[:3], "big")
                    frame(buffer[3], buffer[4], int.from_bytes(buffer[5:9], "big") & 0x7FFFFFFF, buffer[9:size])
                    buffer = buffer[size:]
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def h2load_rounds(port, over, totals, requests):
    """Rounds follow each other as long as the load lasts; those of many requests keep their connections through a restart."""
    relay = Relay(port)
    while not over.is_set():
        out = subprocess.run(
            ["h2load", "-c10", "-m4", "-n%d" % requests, "--connection-active-timeout=60s", "http://127.0.0.1:%d/" % relay.port],
            capture_output=True, text=True).stdout
        codes = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", out)
        totals["5xx"] += int(codes.group(4)) if codes else 0
    for connection in relay.open:
        connection.join(30)
    totals["done"], totals["failed"], totals["refused"] = relay.answered, relay.failed, relay.refused


def run(variant, restarts, load):
    behind = variant in ("told", "untold")
    services = [Service(variant, free_port()) for _ in range(2 if behind else 1)]
    balancer, port = None, services[0].port
    try:
        for service in services:
            service.await_ready()
        if behind:
            port = free_port()
            file = tempfile.NamedTemporaryFile("w", suffix=".cfg")
            file.write(HAPROXY % (port, services[0].port, services[1].port))
            file.flush()
            balancer = subprocess.Popen(["haproxy", "-db", "-f", file.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(2)
        probe = Probe(port)
        probe.start()
        over, totals = threading.Event(), {"done": 0, "failed": 0, "5xx": 0, "refused": 0}
        if load == "h2load":
            loader = threading.Thread(target=h2load_rounds, args=(port, over, totals, 100_000 if behind else 2_000))
            loader.start()
        elif load == "wrk":
            wrk = subprocess.Popen(["wrk", "-t1", "-c20", "-d1h", "--timeout", "30s", "http://127.0.0.1:%d/" % port],
                                   stdout=subprocess.PIPE, text=True)
        if load == "jdk":
            client = subprocess.Popen([JAVA, "-cp", LIB, "io.lifecycle4j.benchmarks.RestartLoad", "http://127.0.0.1:%d/" % port],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            time.sleep(1)
        for restart in range(restarts):
            service = services[restart % len(services)]
            service.stop()
            service.start()
            service.await_ready()
            time.sleep(2.5 if behind else 0.5)  # the balancer has it back
        probe.over = True
        if load == "h2load":
            over.set()
            loader.join()
        elif load == "jdk":
            totals["done"], totals["failed"], totals["5xx"], longest = map(int, client.communicate()[0].split())
            probe.longest = max(probe.longest, longest / 1000)
        else:
            wrk.send_signal(signal.SIGINT)
            out = wrk.communicate()[0]
            errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
            codes = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
            totals["done"] = int(re.search(r"(\d+) requests in", out).group(1))
            totals["failed"] = sum(map(int, errors.groups())) if errors else 0
            totals["5xx"] = int(codes.group(1)) if codes else 0
        probe.join(30)
        print("| %s | %s | %d | %s | %d | %d | %d | %s | %d | %.2f s |" % (
            variant, load, restarts, format(totals["done"], ","), totals["failed"], totals["5xx"], totals["refused"],
            format(probe.requests, ","), probe.failed, probe.longest), flush=True)
        return totals["failed"] + totals["5xx"] + probe.failed
    finally:
        for service in services:
            service.close()
        if balancer:
            balancer.kill()
            balancer.wait()


def main():
    restarts = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    variants = sys.argv[2:] or ["inherited", "own", "told", "untold"]
    print("| variant | load | restarts | requests | failed | 5xx | above GOAWAY | new connections beside it | of those failed | longest wait |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    failed = 0
    for variant in variants:
        for load in LOADS:
            count = run(variant, restarts, load)
            failed += count if variant in ("inherited", "told") else 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
