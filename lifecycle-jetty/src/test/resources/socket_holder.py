"""Holds a listening socket and runs a command with it as descriptor 0, again and again.

Usage: socket_holder.py PORT KIND COMMAND...; KIND is listening, bound, udp or connected. Reads lines from its own stdin:
"start" starts the command, "stop" sends it TERM and waits for its end. The command's output is this program's.
"""
import socket
import subprocess
import sys

port, kind, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
held = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", port))
if kind in ("listening", "connected"):
    held.listen(1024)
print("holding port %d" % held.getsockname()[1], flush=True)
given = held
if kind == "connected":
    given = socket.create_connection(held.getsockname())
child = None
try:
    for line in sys.stdin:
        if line.strip() == "start":
            child = subprocess.Popen(command, stdin=given)
        elif line.strip() == "stop":
            child.terminate()
            print("ended with status %d" % child.wait(), flush=True)
finally:
    if child and child.poll() is None:
        child.kill()
