"""A client of the chat's protocol (docs/im-protocol.md) that loses nothing: Python, and its package websockets.

    python3 chat.py http://127.0.0.1:8080 ann lobby

Each line of the input is sent, and each message is printed. At the end of the input it waits for the last acknowledgement.
"""

import asyncio
import json
import random
import sys
import threading
import urllib.request

import websockets

server, user, room = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
unacknowledged = {}  # cid -> text, in the order of the input
input_ended = False
is_done = lambda: input_ended and not unacknowledged  # noqa: E731
after = None  # the last message that was printed
retry_at = 0


def read_input(loop, news):
    global input_ended
    while line := sys.stdin.readline():
        unacknowledged[f"{random.getrandbits(128):x}"] = line.rstrip("\n")
        loop.call_soon_threadsafe(news.set)
    input_ended = True
    loop.call_soon_threadsafe(news.set)


def token():
    return json.load(urllib.request.urlopen(server + "/api/tokens", json.dumps({"user": user}).encode(), 10))["token"]


async def send_all(socket, sent, news):
    """Sends, in order, what was not sent on this connection, now and whenever there is news; closes when all is done."""
    while not is_done():
        news.clear()
        for cid in [cid for cid in list(unacknowledged) if cid not in sent]:
            sent.add(cid)
            await socket.send(json.dumps({"t": "send", "room": room, "cid": cid, "text": unacknowledged[cid]}))
            await asyncio.sleep(0.02)  # half of the server's rate
        await news.wait()
    await socket.close()


async def hear(socket, frame, sent, news):
    """Does what a frame asks for; a type that is not known here asks for nothing."""
    global after, retry_at
    kind, loop = frame["t"], asyncio.get_running_loop()
    if kind == "joined" and (after is None or after["epoch"] != frame["epoch"]):
        after = {"epoch": frame["epoch"], "seq": 0}  # another history has other sequences
    for message in frame["messages"] if kind == "joined" else [frame] if kind == "message" else []:
        if message["seq"] > after["seq"]:  # else it was printed on an earlier connection
            after["seq"] = message["seq"]
            print(message["seq"], message["user"], message["text"], flush=True)
    if kind == "welcome":
        await socket.send(json.dumps({"t": "join", "room": room, "after": after}))
    elif kind == "ping":
        await socket.send('{"t":"pong"}')
    elif kind == "going_away":
        retry_at = loop.time() + frame["retry_after_ms"] / 1000
    elif kind == "error":  # the room was not joined
        await socket.close() if frame["retry"] else sys.exit(frame["message"])
    elif kind == "nack" and frame["retry"]:
        loop.call_later(frame["retry_ms"] / 1000, lambda: (sent.discard(frame["cid"]), news.set()))
    elif kind in ("ack", "nack"):
        text = unacknowledged.pop(frame["cid"], None)
        news.set()
        if kind == "nack":
            print(f"declined, {frame['message']}: {text}", file=sys.stderr)


async def main():
    loop, news, failures = asyncio.get_running_loop(), asyncio.Event(), 0
    threading.Thread(target=read_input, args=(loop, news), daemon=True).start()
    while not is_done():
        sent, sending = set(), None
        try:
            hello = json.dumps({"t": "hello", "v": 1, "token": await loop.run_in_executor(None, token)})
            async with websockets.connect(server.replace("http", "ws", 1) + "/ws", subprotocols=["im.v1"]) as socket:
                await socket.send(hello)
                async for text in socket:
                    frame = json.loads(text)
                    await hear(socket, frame, sent, news)
                    if frame["t"] == "joined":
                        failures, sending = 0, asyncio.create_task(send_all(socket, sent, news))
        except (OSError, websockets.WebSocketException) as e:  # refused, lost, or 503 while the server drains
            if getattr(e, "rcvd", None) and e.rcvd.code >= 4501:  # after 4500 another token helps
                sys.exit(f"closed with {e.rcvd.code}: the same would happen again")
        if sending:
            sending.cancel()
        failures += 1
        await asyncio.sleep(0 if is_done() else max(random.uniform(0, min(10, 2**failures)), retry_at - loop.time()))


asyncio.run(main())
