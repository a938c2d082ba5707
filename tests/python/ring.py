"""A client of zim.v1 in Python, written from docs/protocol.md alone, and what it does with a server.

    python3 ring.py ws://127.0.0.1:8790/zim

Needs the package `websockets`. The server must run with --dev. Ends with code 0 if everything went as the page says.
"""

import asyncio
import json
import secrets
import sys
import time

import websockets

INVITING, ACCEPTED, REJECTED, CANCELLED, RECEIVED, TIMEOUT, BE_CANCELLED = 0, 1, 2, 3, 5, 6, 10
PENDING = (0, 5, 9)
PATIENCE_S = 20
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_call_id():
    """26 characters: 48 bits of milliseconds, 80 random bits."""
    number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
    return "".join(CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


class Refused(Exception):
    """The server's `error`."""

    def __init__(self, data):
        super().__init__(f"{data['code']} {data['message']}")
        self.code = data["code"]


class Client:
    """One user on one device: one session, over one connection after the other."""

    def __init__(self, url, user_id):
        self.url, self.user_id = url, user_id
        self.device_id = f"{user_id}-python"
        self.prefix, self.count = secrets.token_urlsafe(6), 0
        self.open = {}  # request ID -> (frame, future)
        self.opening = (None, None)  # the login or resume that waits for its answer; never sent again
        self.calls = {}  # call ID -> {"rev", "users": {user ID: row}}
        self.told = []  # what the application hears, in order
        self.heard = asyncio.Condition()
        self.session = None
        self.closing = None
        self.reader = None
        self.pinger = None
        self.cursor = None
        self.collected = []
        self.live = False  # caught_up has come
        self.hold = set()  # requests sent again: results before what the resume brought

    # Connection and session

    async def login(self):
        await self._connect("login", {})

    async def resume(self):
        session = self.session
        await self._connect("resume", {
            "session_id": session["session_id"], "login_epoch": session["login_epoch"], "epoch": session["epoch"],
            "cursor": self.cursor, "calls": list(self.calls)[:100],
        })

    async def _connect(self, kind, extra):
        self.socket = await websockets.connect(self.url, subprotocols=["zim.v1"], compression=None, ping_interval=None)
        self.live, self.collected, self.closing = False, [], None
        again = dict(self.open)
        data = {"app_id": 1, "user_id": self.user_id, "device_id": self.device_id, "user_name": self.user_id.title(),
                "client": "ring.py 1.0", **extra}
        self.hold = set(again)
        self.reader = asyncio.create_task(self._read())
        self.session = await self._request(kind, data)
        self.cursor = self.session["cursor"] if self.cursor is None or "snapshot_calls" in self.session else self.cursor
        for frame, _ in again.values():
            await self._send(frame)
        self.pinger = asyncio.create_task(self._ping(self.session["heartbeat_interval_ms"] / 1000))
        await self.until(lambda: self.live, "caught_up")

    async def _ping(self, interval_s):
        while True:
            await asyncio.sleep(interval_s)
            await self._send({"kind": "ping"})

    async def lose_link(self):
        """The connection breaks, as in a tunnel: no close frame, no word."""
        self.socket.transport.abort()
        await self.ended()

    async def ended(self):
        await asyncio.wait_for(asyncio.gather(self.reader, return_exceptions=True), PATIENCE_S)
        self.pinger.cancel()

    async def logout(self):
        await self._request("logout", None)
        await self.ended()

    # Requests

    async def request(self, kind, **data):
        return await self._request(kind, data)

    def start(self, kind, **data):
        """A request whose answer is waited for later."""
        return asyncio.create_task(self._request(kind, data))

    async def _request(self, kind, data):
        self.count += 1
        frame = {"kind": kind, "id": f"{self.prefix}.{self.count}", "ttl_ms": 10000}
        if data is not None:
            frame["data"] = data
        answer = asyncio.get_running_loop().create_future()
        if kind not in ("login", "resume"):
            self.open[frame["id"]] = (frame, answer)
        else:
            self.opening = (frame["id"], answer)
        await self._send(frame)
        return await asyncio.wait_for(answer, PATIENCE_S)

    async def _send(self, frame):
        try:
            await self.socket.send(json.dumps(frame))
        except websockets.ConnectionClosed:
            pass  # A request stays open, and is sent again after the resume.

    def _complete(self, frame):
        opening_id, opening = self.opening
        if frame["id"] == opening_id:
            answer = opening
        else:
            _, answer = self.open.pop(frame["id"], (None, None))
            self.hold.discard(frame["id"])
        if answer is None or answer.done():
            return
        if frame["kind"] == "reply":
            answer.set_result(frame["data"])
        else:
            answer.set_exception(Refused(frame["data"]))

    # What the server says

    async def _read(self):
        try:
            async for text in self.socket:
                await self._frame(json.loads(text))
        except websockets.ConnectionClosed:
            pass

    async def _frame(self, frame):
        kind = frame["kind"]
        if kind in ("reply", "error") and "id" in frame:
            self._complete(frame)
        elif kind == "closing":
            self.closing = frame["data"]
        elif kind == "snapshot":
            self.collected.append(("snapshot", frame["data"]["call"]))
        elif kind == "event":
            if frame["n"] <= (self.cursor or 0):
                return
            self.cursor = frame["n"]
            self.collected.append((frame["event"], frame["data"]))
        elif kind == "caught_up":
            self.cursor = max(self.cursor or 0, frame["n"])
            self.live = True
        await self._release()

    async def _release(self):
        """Catch up first, then tell; and results before the events that a resume has brought."""
        if not self.live or self.hold:
            return
        collected, self.collected = self.collected, []
        over = {data["call_id"] for event, data in collected
                if event == "call_invited" and (data["remaining_ms"] == 0 or self._final_in(data["call_id"], collected))}
        for event, data in collected:
            if data["call_id"] not in over:
                await self._apply(event, data)
        if collected:
            await self._send({"kind": "ack", "n": self.cursor})
        async with self.heard:
            self.heard.notify_all()

    def _final_in(self, call_id, collected):
        state = None
        for _, data in collected:
            if data["call_id"] == call_id:
                for row in data.get("users", []):
                    if row["user_id"] == self.user_id:
                        state = row["state"]
        return state not in PENDING

    async def _apply(self, event, data):
        call = self.calls.setdefault(data["call_id"], {"rev": 0, "users": {}})
        if data["rev"] <= call["rev"]:
            return
        call["rev"] = data["rev"]
        for row in data["users"]:
            call["users"][row["user_id"]] = row
        own = call["users"].get(self.user_id, {}).get("state")
        if event == "snapshot":
            event = "call_invited" if own in PENDING and data["remaining_ms"] > 0 else "call_changed"
        self.told.append((event, data))
        if event == "call_invited":
            self.start("call_received", call_id=data["call_id"])

    # For the scenes below

    async def until(self, holds, what):
        async def wait():
            async with self.heard:
                await self.heard.wait_for(holds)
        try:
            await asyncio.wait_for(wait(), PATIENCE_S)
        except asyncio.TimeoutError:
            raise AssertionError(f"{self.user_id}: {what} did not come; told: {[t[0] for t in self.told]}") from None

    async def hears(self, event, call_id, **wanted):
        """Waits until the application has been told this, and gives the event's data."""
        def found():
            for told, data in self.told:
                if told == event and data["call_id"] == call_id and all(data.get(k) == v for k, v in wanted.items()):
                    return data
            return None
        await self.until(lambda: found() is not None, f"{event} {wanted}")
        return found()

    def state(self, call_id, user_id):
        return self.calls[call_id]["users"][user_id]["state"]


def need(holds, what):
    if not holds:
        raise AssertionError(what)


async def ring(caller, callee, **config):
    call_id = new_call_id()
    answer = await caller.request("call_invite", call_id=call_id, invitees=[callee.user_id], **config)
    need(answer["call_id"] == call_id and answer["error_users"] == [], f"answer to the invite: {answer}")
    await caller.hears("call_created", call_id, by_this_device=True)
    return call_id


async def accept(alice, bob):
    call_id = await ring(alice, bob, timeout_s=30, extended_data="video")
    invited = await bob.hears("call_invited", call_id, caller="alice", extended_data="video")
    need(0 < invited["remaining_ms"] <= 30000, "time left")
    await alice.hears("call_changed", call_id, trigger="received", by="bob")
    await bob.request("call_accept", call_id=call_id, extended_data="on my way")
    data = await alice.hears("call_changed", call_id, trigger="accepted", by="bob", extended_data="on my way")
    need(data.get("ended") is True, "the call is over when nobody is pending")
    need(alice.state(call_id, "bob") == ACCEPTED, "bob's row")


async def reject(alice, bob):
    call_id = await ring(alice, bob)
    await bob.hears("call_invited", call_id)
    await bob.request("call_reject", call_id=call_id, extended_data="busy")
    await alice.hears("call_changed", call_id, trigger="rejected", extended_data="busy", ended=True)
    need(alice.calls[call_id]["users"]["bob"]["reason"] == 6090106, "bob declined")


async def cancel(alice, bob):
    call_id = await ring(alice, bob)
    await bob.hears("call_invited", call_id)
    answer = await alice.request("call_cancel", call_id=call_id, extended_data="never mind")
    need(answer["error_users"] == [], "nobody could not be cancelled")
    await bob.hears("call_changed", call_id, trigger="cancelled", by="alice", extended_data="never mind")
    need(bob.state(call_id, "bob") == BE_CANCELLED and bob.state(call_id, "alice") == CANCELLED, "rows after the cancel")


async def time_out(alice, bob):
    call_id = await ring(alice, bob, timeout_s=1)
    await bob.hears("call_invited", call_id)
    for client in (alice, bob):
        await client.hears("call_changed", call_id, trigger="timeout", ended=True)
        need(client.state(call_id, "bob") == TIMEOUT, "bob's row after the deadline")


async def refused(alice, bob):
    try:
        await bob.request("call_accept", call_id=new_call_id())
    except Refused as error:
        need(error.code == 6000276, f"an unknown call is refused with 6000276, not {error.code}")
    else:
        need(False, "an unknown call was accepted")


async def broken_link(alice, bob):
    """The caller's link breaks, the callee answers meanwhile, and nothing is lost."""
    call_id = await ring(alice, bob)
    await bob.hears("call_invited", call_id)
    await alice.hears("call_changed", call_id, trigger="received")
    await alice.lose_link()
    await bob.request("call_accept", call_id=call_id)
    session_id = alice.session["session_id"]
    await alice.resume()
    need(alice.session["session_id"] == session_id, "the session goes on")
    await alice.hears("call_changed", call_id, trigger="accepted")


async def sent_again(alice, bob):
    """A request whose answer was lost is answered once more, not done once more."""
    call_id = new_call_id()
    frame = {"kind": "call_invite", "id": f"{alice.prefix}.again", "ttl_ms": 10000,
             "data": {"call_id": call_id, "invitees": ["bob"], "timeout_s": 30}}
    await alice._send(frame)
    await bob.hears("call_invited", call_id)  # It was done ...
    await alice.lose_link()  # ... and alice, who did not wait for an answer, does not know.
    answer = asyncio.get_running_loop().create_future()
    alice.open[frame["id"]] = (frame, answer)
    await alice.resume()
    data = await asyncio.wait_for(answer, PATIENCE_S)
    need(data["call_id"] == call_id, "the same answer")
    rings = [data for event, data in bob.told if event == "call_invited" and data["call_id"] == call_id]
    need(len(rings) == 1, "bob rang once")
    await alice.request("call_cancel", call_id=call_id)
    await bob.hears("call_changed", call_id, trigger="cancelled")


async def offline(alice, bob):
    """Who logs in before the deadline is rung with the time that is left."""
    await bob.logout()
    call_id = await ring(alice, bob, timeout_s=30)
    await bob.login()
    invited = await bob.hears("call_invited", call_id)
    need(invited["remaining_ms"] <= 30000, "time left")
    await bob.request("call_reject", call_id=call_id)
    await alice.hears("call_changed", call_id, trigger="rejected")


async def kicked_out(alice, bob):
    other = Client(bob.url, "bob")
    other.device_id = "bob-tablet"
    await other.login()
    await bob.ended()
    need(bob.closing and bob.closing["reason"] == "kicked_out", f"closing: {bob.closing}")
    try:
        await bob.resume()
    except Refused as error:
        need(error.code == 6090004, f"a displaced session is refused with 6090004, not {error.code}")
    else:
        need(False, "a displaced session was resumed")
    await bob.ended()
    await other.logout()
    await bob.login()


async def main(url):
    alice, bob = Client(url, "alice"), Client(url, "bob")
    await alice.login()
    await bob.login()
    failed = 0
    scenes = [accept, reject, cancel, time_out, refused, broken_link, sent_again, offline, kicked_out]
    for scene in scenes:
        try:
            await scene(alice, bob)
            print(f"ok    {scene.__name__}")
        except (AssertionError, Refused, asyncio.TimeoutError) as error:
            failed += 1
            print(f"FAIL  {scene.__name__}: {error!r}")
    await alice.logout()
    await bob.logout()
    print(f"{len(scenes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(asyncio.run(main(sys.argv[1])))
