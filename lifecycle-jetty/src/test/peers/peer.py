"""One WebSocket client: Python's websockets. Arguments: URL, mode, bytes per second for the mode "slow".

Prints "open", then "closed <code> <queued> <bytes> <reason>".
"""

import asyncio
import sys
import time

import websockets


async def flood(socket):
    try:
        while True:
            await socket.send("f" + "x" * 999)
            await asyncio.sleep(0)  # or it would not read meanwhile
    except websockets.ConnectionClosed:
        pass


async def main(url, mode, rate):
    queued = 0
    size = 0
    async with websockets.connect(url, max_queue=1, ping_interval=None) as socket:
        start = time.monotonic()
        print("open", flush=True)
        flooding = asyncio.ensure_future(flood(socket)) if mode == "floods" else None
        try:
            while True:
                message = await socket.recv()
                size += len(message)
                queued += message.startswith("q")
                ahead = size / float(rate) - (time.monotonic() - start)
                if mode == "slow" and ahead > 0:
                    await asyncio.sleep(ahead)
        except websockets.ConnectionClosed:
            pass
        if flooding:
            await flooding
        await socket.wait_closed()
        print("closed", socket.close_code, queued, size, socket.close_reason, flush=True)


asyncio.run(main(*sys.argv[1:]))
