"""A vendor with some customers whose identity providers do what they like, while processes are killed; and consumers of
the feed that crash. tests/blackbox/test_feed_model.py says what must come of it."""

import http.client
import json
import pickle
import random
import threading
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone

from .admin import Admin
from .consumer import Copy, snapshot
from .events import Stream
from .receiver import Receiver, status
from .rollcall import answers, id_bytes
from .scim import ENTERPRISE, GROUP, USER, Scim
from .vendor import csv_of, start_import
from .wait import until

LOST = (OSError, http.client.HTTPException)
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
OPTIONS = ["--webhook-allow", "127.0.0.1", "--webhook-allow-http", "1", "--webhook-haste", "1000"]


class Place:
    """A directory, and what is or was in it."""

    def __init__(self, org, directory, token):
        self.org, self.directory, self.token = org, directory, token
        self.path = f"/v1/directories/{directory}"
        self.users, self.groups = [], []

    def client(self, server):
        url = self.org.connector_url
        return Scim(server.url + url[url.index("/orgs/") :], self.token)


class World:
    """Two servers, two admin processes, three customers, one of them with two directories; two of the directories have a
    guard, and one of these is deleted and restored."""

    def __init__(self, rollcall, seed):
        self.rollcall, self.seed = rollcall, seed
        self.servers = [rollcall.server, rollcall.another_server()]
        self.other_admin, self.other_url = rollcall.another_admin()
        self.key = rollcall.new_environment().key
        admin = self.admin(0)
        self.orgs = [rollcall.new_organization(admin) for _ in range(3)]
        self.places = [Place(org, org.directory_id, org.token) for org in self.orgs]
        self.places.append(self._second_directory(admin, self.orgs[1]))
        self.guarded = self.places[2:]
        for place in self.guarded:
            self.set_guard(admin, place, True)
        self.failures = []

    @staticmethod
    def _second_directory(admin, org):
        directory = admin.post(f"/v1/organizations/{org.id}/directories", {"name": "Second"}, expect=201)["id"]
        token = admin.post(f"/v1/directories/{directory}/tokens", {"label": "second"}, expect=201)["token"]
        return Place(org, directory, token)

    def admin_urls(self):
        return [self.rollcall.admin_url, self.other_url]

    def admin(self, which):
        """A client of one of the two, for one thread."""
        return Admin(self.admin_urls()[which % 2], self.key)

    @staticmethod
    def set_guard(admin, place, enabled):
        guard = {"enabled": enabled, "max_users": 4, "max_percent": None, "window_seconds": 3600}
        return admin.patch(place.path, {"policy": {"guard": guard}})

    @property
    def environment(self):
        return self.rollcall.database.query(
            "SELECT environment_id FROM organization WHERE external_id = %s", self.orgs[0].external_id
        )[0][0]

    def mend(self):
        """Whatever was left half done when a process was killed."""
        until(lambda: all(answers(f"{url}/readyz") for url in self.admin_urls()), "both admin processes are there")
        mend(self.admin(0), self.places)

    # --- quiet ---

    def quiet(self):
        """Everything runs, no job is under way, and everything has its number."""
        query = self.rollcall.database.query
        until(lambda: not query("SELECT 1 FROM job WHERE state IN (1, 2)"), "all jobs have ended", 120)
        until(lambda: not query("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM guard_news"), "all is numbered")


def mend(client, places):
    for place in places:
        client.post(f"/v1/organizations/{place.org.id}/restore")
        client.post(f"{place.path}/restore")
        client.patch(place.path, {"state": "active"})


class Worker(threading.Thread):
    """Does `step` again and again; what is lost on the way is tried no more, what is wrong is a failure."""

    def __init__(self, world, name, steps):
        super().__init__(name=name, daemon=True)
        self.world, self.steps = world, steps
        self.chance = random.Random(f"{world.seed} {name}")
        self.done, self.came_of_it = 0, Counter()

    def run(self):
        for _ in range(self.steps):
            try:
                self.step()
            except LOST:
                self.lost()
            except Exception as wrong:
                self.world.failures.append(f"{self.name}: {wrong!r}")
            self.done += 1

    def lost(self):
        """A process is gone: somebody brings it back."""
        threading.Event().wait(0.02)


# --- identity providers ---


class Writer(Worker):
    """As an identity provider, in any directory, through either server."""

    def __init__(self, world, name, steps):
        super().__init__(world, name, steps)
        self.clients = {}

    def step(self):
        place = self.chance.choice(self.world.places)
        server = self.chance.choice(self.world.servers)
        self.place = place
        self.scim = self.clients.setdefault((place.directory, server.name), place.client(server))
        wanted = [(what, weight) for what, weight in WISHES.items() if place.users or what is make_user]
        what = self.chance.choices([what for what, _ in wanted], [weight for _, weight in wanted])[0]
        answer = what(self)
        self.came_of_it[answer.status] += 1
        if answer.status >= 500 and answer.status != 503:
            raise AssertionError(f"{what.__name__}: {answer}")
        if answer.status == 503:
            self.lost()

    def user(self):
        """Mostly one who is there."""
        return self.chance.choice(self.place.users[-60:])

    def group(self):
        return self.chance.choice(self.place.groups[-12:]) if self.place.groups else str(uuid.uuid4())

    def some(self, most=5):
        count = self.chance.randrange(most + 1)
        return [{"value": self.user()} for _ in range(count)]

    def person(self):
        number = self.chance.randrange(2000)
        person = {"schemas": [USER], "userName": f"p{number}@example.com", "active": self.chance.random() < 0.8}
        if self.chance.random() < 0.5:
            person |= {"title": f"t{number}", "emails": [{"value": f"m{number}@example.com", "primary": True}]}
        if self.chance.random() < 0.3:
            person |= {"externalId": f"x{number}", "name": {"givenName": f"Jörg {number}", "familyName": "Ångström"}}
        return person

    def made(self, answer, there):
        if answer.status == 201:
            there.append(answer["id"])
        return answer


def make_user(writer):
    return writer.made(writer.scim.post("/Users", writer.person()), writer.place.users)


def put_user(writer):
    return writer.scim.put(f"/Users/{writer.user()}", writer.person())


def patch_user(writer):
    number = writer.chance.randrange(1000)
    changes = [
        {"op": "replace", "path": "title", "value": f"t{number}"},
        {"op": "replace", "path": "active", "value": number % 2 == 0},
        {"op": "replace", "path": "name.givenName", "value": f"g{number}"},
        {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": writer.user()}},
        {"op": "remove", "path": "title"},
    ]
    return writer.scim.patch(f"/Users/{writer.user()}", *writer.chance.sample(changes, writer.chance.randrange(1, 3)))


def switch_user(writer):
    change = {"op": "replace", "path": "active", "value": writer.chance.random() < 0.5}
    return writer.scim.patch(f"/Users/{writer.user()}", change)


def delete_user(writer):
    return writer.scim.delete(f"/Users/{writer.user()}")


def make_group(writer):
    group = {"schemas": [GROUP], "displayName": f"g{writer.chance.randrange(200)}", "members": writer.some()}
    if writer.chance.random() < 0.3 and writer.place.groups:
        group["members"].append({"value": writer.group(), "type": "Group"})
    return writer.made(writer.scim.post("/Groups", group), writer.place.groups)


def rename_group(writer):
    change = {"op": "replace", "path": "displayName", "value": f"g{writer.chance.randrange(200)}"}
    return writer.scim.patch(f"/Groups/{writer.group()}", change)


def put_group(writer):
    group = {"schemas": [GROUP], "displayName": f"g{writer.chance.randrange(200)}", "members": writer.some()}
    return writer.scim.put(f"/Groups/{writer.group()}", group)


def add_members(writer):
    change = {"op": "add", "path": "members", "value": writer.some() or [{"value": writer.user()}]}
    return writer.scim.patch(f"/Groups/{writer.group()}", change)


def nest_group(writer):
    change = {"op": "add", "path": "members", "value": [{"value": writer.group(), "type": "Group"}]}
    return writer.scim.patch(f"/Groups/{writer.group()}", change)


def remove_member(writer):
    change = {"op": "remove", "path": f'members[value eq "{writer.user()}"]'}
    return writer.scim.patch(f"/Groups/{writer.group()}", change)


def replace_members(writer):
    return writer.scim.patch(f"/Groups/{writer.group()}", {"op": "replace", "path": "members", "value": writer.some()})


def delete_group(writer):
    return writer.scim.delete(f"/Groups/{writer.group()}")


def bulk(writer):
    def operation(number):
        kind = writer.chance.randrange(4)
        if kind == 0:
            return {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": writer.person()}
        if kind == 1:
            return {"method": "DELETE", "path": f"/Users/{writer.user()}"}
        operations = [{"op": "replace", "path": "title", "value": f"b{number}"}]
        path = f"/Users/{writer.user()}"
        if kind == 2:
            operations, path = [{"op": "add", "path": "members", "value": writer.some(2)}], f"/Groups/{writer.group()}"
        return {"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": operations}}

    operations = [operation(number) for number in range(writer.chance.randrange(1, 8))]
    answer = writer.scim.post("/Bulk", {"schemas": [BULK], "Operations": operations})
    for done in (answer.get("Operations") or []) if answer.status == 200 else []:
        if done.get("method") == "POST" and done.get("status") == "201":
            writer.place.users.append(done["location"].rsplit("/", 1)[1])
    return answer


PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
WISHES = {
    make_user: 18,
    put_user: 8,
    patch_user: 14,
    switch_user: 10,
    delete_user: 5,
    make_group: 5,
    rename_group: 4,
    put_group: 2,
    add_members: 9,
    nest_group: 3,
    remove_member: 5,
    replace_members: 3,
    delete_group: 2,
    bulk: 6,
}


# --- the vendor ---


class Vendor(Worker):
    """Does in the admin API what a vendor's people do."""

    def step(self):
        self.client = self.world.admin(self.chance.randrange(2))
        self.place = self.chance.choice(self.world.places)
        kinds = {
            self.pause: 2,
            self.restore: 5,
            self.rewind: 1,
            self.promote: 1,
            self.delete: 1,
            self.delete_customer: 1,
            self.guard: 6,
            self.bring_in: 1,
            self.mend: 3,
        }
        try:
            self.chance.choices(list(kinds), list(kinds.values()))[0]()
        finally:
            self.client.wire.close()

    def pause(self):
        self.client.patch(self.place.path, {"state": "paused"})
        self.client.patch(self.place.path, {"state": "active"})

    def restore(self):
        kind = self.chance.choice(["users", "groups"])
        those = getattr(self.place, kind)
        if those:
            version = {"version": self.chance.randrange(1, 5)} if self.chance.random() < 0.4 else None
            self.client.post(f"{self.place.path}/{kind}/{self.chance.choice(those)}/restore", version)

    def rewind(self):
        at = datetime.now(timezone.utc) - timedelta(seconds=2)
        self.client.post(f"{self.place.path}/rewind", {"at": at.isoformat(timespec="milliseconds")[:23] + "Z"})

    def promote(self):
        place = self.chance.choice([self.world.places[1], self.world.places[3]])
        self.client.put(f"/v1/organizations/{place.org.id}/primary", {"directory_id": place.directory})

    def delete(self):
        """The second one, which may be the primary; and back again."""
        place = self.world.places[3]
        self.client.delete(f"{place.path}?successor={self.world.places[1].directory}")
        self.client.post(f"{place.path}/restore")

    def delete_customer(self):
        path = f"/v1/organizations/{self.place.org.id}"
        self.client.delete(path)
        self.client.post(f"{path}/restore")

    def guard(self):
        place, kind = self.chance.choice(self.world.guarded), self.chance.randrange(5)
        path, users = place.path, place.users
        if kind == 0:
            self.world.set_guard(self.client, place, self.chance.random() < 0.7)
        elif kind < 3 and users:
            self.client.post(f"{path}/guard/release", {"users": self.chance.sample(users, min(5, len(users)))})
        elif kind == 3:
            self.client.post(f"{path}/guard/release")
        else:
            self.client.post(f"{path}/guard/revert")

    def bring_in(self):
        rows = [{"vendor_user_id": f"v{n}", "user_name": f"p{n}@example.com"} for n in range(self.chance.randrange(1, 30))]
        start_import(self.client, self.place.path, csv_of(*rows, columns=("vendor_user_id", "user_name")), expect=None)

    def mend(self):
        mend(self.client, self.world.places)


# --- kills ---


class Reaper(threading.Thread):
    """Kills a process each time that `worker`s have done some more, and brings it back."""

    def __init__(self, world, name, workers, every):
        super().__init__(name=name, daemon=True)
        self.world, self.workers, self.every = world, workers, every
        self.chance = random.Random(f"{world.seed} {name}")
        self.killed = []

    def run(self):
        while any(worker.is_alive() for worker in self.workers):
            self._wait(self.every)
            kind = self.chance.choice([self.server, self.server, self.admin, self.other_admin, self.database])
            self.killed.append(kind.__name__)
            kind()

    def _wait(self, more):
        wanted = sum(worker.done for worker in self.workers) + self.chance.randrange(more // 2, more)
        busy = lambda: any(worker.is_alive() for worker in self.workers)  # noqa: E731
        until(lambda: sum(worker.done for worker in self.workers) >= wanted or not busy(), "they go on", 300)

    def server(self):
        server = self.chance.choice(self.world.servers)
        server.kill()
        self._wait(16)
        server.start()

    def admin(self):
        self.world.rollcall.admin_process.kill()
        self._wait(30)
        self.world.rollcall._start_admin()

    def other_admin(self):
        self.world.other_admin.kill()
        self._wait(30)
        self.world.other_admin, self.world.other_url = self.world.rollcall.another_admin()

    def database(self):
        self.world.rollcall.database.kill()
        self.world.rollcall.database.start()


# --- who follows ---


class Crash(Exception):
    pass


class Consumer(threading.Thread):
    """Begins with snapshots, follows the feed in any way there is, and crashes anywhere. What it has committed survives:
    the rows, and the cursor, with them or a little later."""

    def __init__(self, world, name):
        super().__init__(name=name, daemon=True)
        self.world, self.stop = world, threading.Event()
        self.chance = random.Random(f"{world.seed} {name}")
        self.rows = self.cursor = None  # committed
        self.crashes, self.reads = 0, {"page": 0, "poll": 0, "stream": 0}

    def run(self):
        while not self.stop.is_set():
            self.try_once()

    def try_once(self):
        try:
            self.read()
            return True
        except Crash:
            self.crashes += 1
        except LOST:
            self.stop.wait(0.05)
        except Exception as wrong:
            if not is_away(wrong):
                self.world.failures.append(f"{self.name}: {wrong!r}")
                self.stop.set()
            self.stop.wait(0.05)
        return False

    def client(self):
        return self.world.admin(self.chance.randrange(2))

    def begin(self):
        client, copy, first = self.client(), Copy(), None
        for org in self.world.orgs:
            cursor = copy.load(snapshot(client, org.id))
            first = first or cursor
        self.commit(copy, first)

    def commit(self, copy, cursor):
        """In one transaction, or the rows first: to apply them twice does no harm."""
        self.rows = pickle.dumps(copy)
        if self.chance.random() < 0.05:
            raise Crash
        self.cursor = cursor

    def read(self):
        if self.cursor is None:
            return self.begin()
        copy = pickle.loads(self.rows)
        way = self.chance.choice(list(self.reads)) if not self.stop.is_set() else "page"
        events, cursor = getattr(self, way)()
        self.reads[way] += 1
        crash_at = self.chance.randrange(len(events)) if events and self.chance.random() < 0.1 else -1
        for number, event in enumerate(events):
            if number == crash_at:
                raise Crash
            copy.apply(event)
        self.refresh(copy)
        self.commit(copy, cursor)
        return None

    def refresh(self, copy):
        """Directories that are back."""
        refresh(copy, self.client(), self.world)

    def page(self):
        answer = self.client().get(f"/v1/events?cursor={self.cursor}&limit={self.chance.randrange(1, 300)}", expect=200)
        return answer["events"], answer["next_cursor"]

    def poll(self):
        answer = self.client().get(f"/v1/events?cursor={self.cursor}&limit=50&wait=1", expect=200)
        return answer["events"], answer["next_cursor"]

    def stream(self):
        events, stream = [], Stream(self.client(), f"cursor={self.cursor}")
        if stream.status != 200:
            raise AssertionError(str(stream.answer()))
        try:
            most = self.chance.randrange(1, 60)
            while len(events) < most and not self.stop.is_set():
                found = stream.read()
                if found is None or "comment" in found:
                    break
                events.append(found)
        finally:
            stream.close()
        return [event["data"] for event in events], events[-1]["id"] if events else self.cursor

    def catch_up(self):
        """After stop and join: to the end."""

        def at_end():
            before = self.cursor
            return self.try_once() and before == self.cursor and not pickle.loads(self.rows).stale

        until(at_end, f"{self.name} is at the end", 120)

    @property
    def copy(self):
        return pickle.loads(self.rows)


def refresh(copy, client, world):
    for directory in list(copy.stale):
        org = next(place.org for place in world.places if place.directory == directory)
        answer = client.request("GET", f"/v1/organizations/{org.id}/snapshot?directory_id={directory}")
        if answer.status == 404:  # gone again, which will be told
            copy.stale.discard(directory)
            continue
        assert answer.status == 200, f"away: {answer}"
        copy.load([json.loads(line) for line in answer.body.splitlines()])


AWAY = ("away", "<503", "<500", "<429", "a snapshot without its end", "snapshot: expected 200, got <404")


def is_away(wrong):
    """Somebody was killed, or is busy; or a customer is deleted just now, and will be back."""
    return any(word in str(wrong) for word in AWAY)


class Endpoint:
    """A receiver of webhooks that keeps a copy, too: it is told everything at least once, in order for each directory."""

    def __init__(self, world, name):
        self.world = world
        self.chance = random.Random(f"{world.seed} {name}")
        self.copy, self.lock = Copy(), threading.Lock()
        self.seen, self.repeated = {}, 0  # ids in the order in which they came first
        self.receiver = Receiver(self.answer)
        self.cursor = world.admin(0).get("/v1/events?cursor=now", expect=200)["next_cursor"]  # nothing has happened yet
        self.id = world.admin(0).post("/v1/webhooks", {"url": self.receiver.url}, expect=201)["id"]

    def answer(self, connection, request):
        self.receiver.requests.clear()  # nobody looks at them
        if self.chance.random() < 0.03:
            return status(self.chance.choice([500, 503, 429]))(connection, request)
        with self.lock:
            taken = self.take(json.loads(request.body), request.headers["webhook-id"])
        if self.chance.random() < 0.03:
            return False  # it was done, and nobody hears of it
        return status(204 if taken else 500)(connection, request)

    def take(self, event, id):
        assert event["id"] == id
        self.copy.apply(event)
        try:
            refresh(self.copy, self.world.admin(self.chance.randrange(2)), self.world)
        except (AssertionError, *LOST):
            return False
        self.repeated += id in self.seen
        self.seen.setdefault(id, event)
        return True

    def catch_up(self, events):
        ids = {event["id"] for event in events}
        until(lambda: ids <= self.seen.keys(), f"all of {len(ids)} were delivered", 120)


# --- what is in the database ---


def stored(world):
    """All of it, as a copy: by the rows themselves."""
    database, copy = world.rollcall.database, Copy()
    names = {id_bytes(place.directory): place.directory for place in world.places}
    for directory, kind, id, version, text in database.query(
        "SELECT r.directory_id, r.type, r.id, r.version, CONCAT(r.document, REPEAT('}', r.open_braces))"
        " FROM resource r JOIN directory d ON d.id = r.directory_id WHERE d.state <> 3"
    ):
        if directory in names:
            table = copy.users if kind == 1 else copy.groups
            table[names[directory], str(uuid.UUID(bytes=id))] = (version, json.loads(text))
    for directory, group, member, kind in database.query(
        "SELECT m.directory_id, m.group_id, m.member_id, m.member_type FROM membership m"
        " JOIN directory d ON d.id = m.directory_id WHERE d.state <> 3"
    ):
        if directory in names:
            members = copy.members.setdefault((names[directory], str(uuid.UUID(bytes=group))), set())
            members.add((str(uuid.UUID(bytes=member)), "User" if kind == 1 else "Group"))
    return copy
