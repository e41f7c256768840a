#!/usr/bin/env python3
"""Shows what becomes of waiting connections when one of two processes that share a port by SO_REUSEPORT closes its socket. Linux."""
import socket

CONNECTIONS = 1_000


def listener(port):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    made.listen(4_096)
    return made


old = listener(0)
new = listener(old.getsockname()[1])
clients = []
for _ in range(CONNECTIONS):
    client = socket.create_connection(old.getsockname())
    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
    clients.append(client)
old.close()  # what waits in its queue has nobody any more
new.settimeout(1)
accepted = 0
try:
    while True:
        new.accept()[0].close()
        accepted += 1
except TimeoutError:
    pass
print("%d of %d connections were reset, %d accepted by the other listener" % (CONNECTIONS - accepted, CONNECTIONS, accepted))
