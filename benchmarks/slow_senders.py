#!/usr/bin/env python3
"""Measures the chat while strangers send headers and bodies slowly: a quiet minute, the same with the strangers, then TERM.

    ./mvnw -q -DskipTests package
    python3 benchmarks/slow_senders.py [STRANGERS [SECONDS [JAR]]]

Half of the strangers send a header and half the body of POST /api/tokens, a byte every 2 s each; one that is cut comes again. Meanwhile 20
users send a message every 200 ms, and /readyz is asked every second. Needs the package websockets. On 127.0.0.1 only.
"""
import asyncio
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request

import websockets

from restarts import JAVA, ROOT, free_port

USERS = 20
BEGINNINGS = [b"POST /api/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "]


def strangers(port, count, cut):
    """A process of their own, which yields to the server and to those who measure: a stranger's computer is his own."""
    os.nice(19)

    async def drip(number):
        await asyncio.sleep(number % 20 / 10)
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(BEGINNINGS[number % 2])
                ended = asyncio.create_task(reader.read())
                while not (await asyncio.wait([ended], timeout=2))[0]:
                    writer.write(b"x")
                    await writer.drain()
                writer.close()
                await ended
            except OSError:
                pass
            cut.value += 1

    async def all_of_them():
        await asyncio.gather(*(drip(number) for number in range(count)))

    asyncio.run(all_of_them())


def token(port, user):
    request = urllib.request.Request("http://127.0.0.1:%d/api/tokens" % port, json.dumps({"user": user}).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["token"]


def ready(port):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % port, timeout=2):
            return True
    except OSError:
        return False


async def talk(port, number, until, times):
    async with websockets.connect("ws://127.0.0.1:%d/ws" % port, subprotocols=["im.v1"]) as socket:
        async def ask(**frame):
            await socket.send(json.dumps(frame))
            while True:
                answer = json.loads(await asyncio.wait_for(socket.recv(), 30))
                if answer["t"] == "ping":
                    await socket.send('{"t":"pong"}')
                if answer.get("re") == frame["id"]:
                    return answer

        user = "user%d" % number
        await ask(t="hello", id="1", v=1, token=await asyncio.to_thread(token, port, user), client="slow_senders")
        await ask(t="join", id="2", room="room%d" % (number % 4))
        count = 0
        while time.monotonic() < until:
            begun = time.monotonic()
            cid = "%s-%f-%d" % (user, begun, count)
            answer = await ask(t="send", id=cid, room="room%d" % (number % 4), cid=cid, text="hello")
            assert answer["t"] == "ack", answer
            times.append((begun, (time.monotonic() - begun) * 1000))
            count += 1
            await asyncio.sleep(max(0, begun + 0.2 - time.monotonic()))


async def minute(name, port, admin, seconds):
    times, red, until = [], 0, time.monotonic() + seconds
    talks = asyncio.gather(*(talk(port, i, until, times) for i in range(USERS)))
    while not talks.done():
        red += not await asyncio.to_thread(ready, admin)
        await asyncio.wait([talks], timeout=1)
    await talks
    row(name, [took for _, took in times], red)
    return times


def row(name, times, red):
    times.sort()
    print("| %s | %d | %.1f ms | %.1f ms | %.1f ms | %s |" % (
        name, len(times), times[len(times) // 2], times[len(times) * 99 // 100], times[-1], red), flush=True)


async def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    jar = sys.argv[3] if len(sys.argv) > 3 else os.path.join(ROOT, "sample-im", "target", "sample-im.jar")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    port, admin = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, "log"), "w+") as log:
        process = await asyncio.create_subprocess_exec(
            JAVA, "-jar", jar, "--port", str(port), "--admin-port", str(admin), "--data-dir", folder + "/data", stdout=log, stderr=log)
        try:
            while not await asyncio.to_thread(ready, admin):
                await asyncio.sleep(0.1)
            print("| | sends | p50 | p99 | most | /readyz not 200 |\n|---|---|---|---|---|---|")
            await minute("warming up", port, admin, 15)
            await minute("quiet", port, admin, seconds)
            cut = multiprocessing.Value("i", 0)
            others = multiprocessing.Process(target=strangers, args=(port, count, cut), daemon=True)
            others.start()
            times = await minute("%d slow senders" % count, port, admin, seconds)
            begun = min(begun for begun, _ in times)
            row("of these, the first 20 s", [took for at, took in times if at < begun + 20], "")
            row("of these, the others", [took for at, took in times if at >= begun + 20], "")
            print("%d of them were cut meanwhile" % cut.value)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            status = await asyncio.wait_for(process.wait(), 60)
            print("TERM to gone: %.1f s, status %d" % (time.monotonic() - begun, status))
            others.terminate()
            log.seek(0)
            print(log.read()[-1200:])
        finally:
            if process.returncode is None:
                process.kill()


if __name__ == "__main__":
    asyncio.run(main())
