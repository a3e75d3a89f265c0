"""Requests on their way between loops and workers while clients come, leave and change their minds: for the sanitizers."""

import random
import threading

from http_bed import Client, driver, read_reply, wait_until


def converse(bed, seed, failures):
    chance = random.Random(seed)
    try:
        for _ in range(5):
            if chance.random() < 0.5:
                use_http2(bed, chance)
            else:
                use_http1(bed, chance)
    except Exception as error:  # noqa: BLE001 - shown by the test
        failures.append((seed, repr(error)))


def use_http2(bed, chance):
    client = Client(bed)
    waiting = []
    for _ in range(30):
        stream = client.start(chance.choice(["/slow", "/slow?x", "/hello", "/nope", "/big/100000"]))
        if chance.random() < 0.2:
            client.reset(stream)
        else:
            waiting.append(stream)
        if chance.random() < 0.3 and waiting:
            assert client.finish(waiting.pop()).status in (200, 404)
    if chance.random() < 0.5:
        for stream in waiting:
            assert client.finish(stream).status in (200, 404)
    client.close()


def use_http1(bed, chance):
    sock = bed.connect()
    count = chance.randrange(1, 10)
    sock.sendall(b"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab" * count)
    for _ in range(chance.randrange(count + 1)):
        assert read_reply(sock).status == 200
    sock.close()


def test_many_clients_at_once(tmp_path):
    with driver(tmp_path, loops=3, max_resets=100000) as bed:
        failures = []
        threads = [threading.Thread(target=converse, args=(bed, seed, failures)) for seed in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 0, "all jobs to come home")
        wait_until(lambda: bed.metric("rollcall_connections_open") == 1, "all connections to end")
