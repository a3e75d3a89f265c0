"""Writers that do at random what identity providers do to users and groups."""

import itertools
import random
import threading

from .wait import until


class RandomWriter:
    """Writes at random, and knows which users and groups it has made."""

    def __init__(self, organization, random):
        self.scim, self.random = organization.client(), random
        self.users, self.groups = [], []
        self.numbers = itertools.count()
        self.name = f"{random.random()}"

    def write(self):
        ways = [self.create, self.create, self.title, self.title, self.switch, self.group, self.join, self.join]
        ways += [self.leave, self.replace, self.rename, self.delete, self.delete_group]
        self.random.choice(ways)()

    def user(self):
        return self.random.choice(self.users) if self.users else self.create()

    def create(self):
        name = f"u{next(self.numbers)}-{self.name}@example.com"
        self.users.append(self.scim.new_user(name, emails=[{"value": name, "primary": True}])["id"])
        return self.users[-1]

    def patch(self, path, *operations):
        assert self.scim.patch(path, *operations).status in (200, 204)

    def title(self):
        self.patch(f"/Users/{self.user()}", {"op": "replace", "path": "title", "value": f"Dr. \u2603 {self.random.random()}"})

    def switch(self):
        body = {"active": self.random.random() < 0.5, "nickName": self.random.choice("abc")}
        self.patch(f"/Users/{self.user()}", {"op": "replace", "value": body})

    def delete(self):
        if len(self.users) > 3:
            self.scim.delete(f"/Users/{self.users.pop(self.random.randrange(len(self.users)))}", expect=204)

    def some(self):
        return self.random.sample(self.users, min(len(self.users), self.random.randint(1, 5)))

    def group(self):
        group = self.scim.new_group(f"g{next(self.numbers)}-{self.name}", self.some())["id"]
        self.groups.append(group)
        return group

    def any_group(self):
        return self.random.choice(self.groups) if self.groups else self.group()

    def values(self, ids):
        return [{"value": id} for id in ids]

    def join(self):
        more = self.some() + [each for each in self.groups[:1] if len(self.groups) > 1]
        group = self.groups[-1] if more and more[-1] in self.groups else self.any_group()
        self.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": self.values(more)})

    def leave(self):
        operations = [{"op": "remove", "path": f'members[value eq "{user}"]'} for user in self.some()]
        if operations:
            self.patch(f"/Groups/{self.any_group()}", *operations)

    def replace(self):
        self.patch(f"/Groups/{self.any_group()}", {"op": "replace", "path": "members", "value": self.values(self.some())})

    def rename(self):
        name = f"renamed {self.random.random()}"
        self.patch(f"/Groups/{self.any_group()}", {"op": "replace", "path": "displayName", "value": name})

    def delete_group(self):
        if len(self.groups) > 2:
            self.scim.delete(f"/Groups/{self.groups.pop()}", expect=204)


class RandomWriters:
    def __init__(self, organizations, count, writes, seed):
        self.done, self.failures = 0, []
        seeds = random.Random(seed)
        writers = [RandomWriter(organizations[n % len(organizations)], random.Random(seeds.random())) for n in range(count)]
        self.threads = [threading.Thread(target=self.run, args=(writer, writes)) for writer in writers]

    def run(self, writer, writes):
        try:
            for _ in range(writes):
                writer.write()
                self.done += 1
        except Exception as failure:  # noqa: BLE001  what a thread meets is told by the test
            self.failures.append(repr(failure))

    def start(self):
        for thread in self.threads:
            thread.start()

    @property
    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def wait_for_more(self, count):
        wanted = self.done + count
        until(lambda: self.done >= wanted or not self.running, "writers go on", 120)
