"""What goes over the wire, against a server that misbehaves as a busy service, a network or another site may."""

from __future__ import annotations

import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Tuple

import whence
from whence.transport import Transport

JOB = {"id": "j1", "status": "queued", "model": "m", "links": {"share": "/s/t"}, "progress": {}}


class Server:
    """Answers one after the other with what the test lists: (status, headers, body), or None to hang up."""

    def __init__(self, answers: List[Any]) -> None:
        self.requests: List[Tuple[str, str, Dict[str, str], str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                outer.requests.append((self.command, self.path, dict(self.headers), body))
                answer = answers.pop(0)
                if answer is None:
                    self.connection.close()
                    return
                status, headers, text = answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_DELETE = handle_one

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def problem(status: int, kind: str, headers: Dict[str, str] = {}, **more: Any) -> Tuple[int, Dict[str, str], str]:
    body = {"type": f"urn:whence:problem:{kind}", "title": "No", "status": status, "detail": "Because.", **more}
    return status, {"Content-Type": "application/problem+json", **headers}, json.dumps(body)


class TransportTest(unittest.TestCase):
    def serve(self, *answers: Any) -> Server:
        server = Server(list(answers))
        self.addCleanup(server.close)
        return server

    def test_busy_services_are_asked_again_when_they_say(self) -> None:
        later = {"Retry-After": "1"}
        server = self.serve(
            problem(503, "queue-full", later), problem(429, "rate-limit", later), (202, {}, json.dumps(JOB))
        )
        started = time.monotonic()
        job = whence.Client(server.url, "the-key").submit("m", "text")
        self.assertEqual(job.id, "j1")
        self.assertGreaterEqual(time.monotonic() - started, 2)
        keys = {headers["Idempotency-Key"] for _, _, headers, _ in server.requests}
        self.assertEqual(len(keys), 1, "the same key, so that it is computed once")
        self.assertEqual({headers["Authorization"] for _, _, headers, _ in server.requests}, {"Bearer the-key"})
        self.assertEqual(json.loads(server.requests[2][3]), {"model": "m", "input_texts": "text"})

    def test_a_connection_that_breaks_is_made_again(self) -> None:
        server = self.serve(None, (202, {}, json.dumps(JOB)))
        self.assertEqual(whence.Client(server.url).submit("m", "text").id, "j1")
        first, second = server.requests
        self.assertEqual(first[2]["Idempotency-Key"], second[2]["Idempotency-Key"])

    def test_in_the_end_the_error_tells(self) -> None:
        server = self.serve(*[problem(503, "queue-full", {"Retry-After": "0"})] * 3)
        with self.assertRaises(whence.UnavailableError) as caught:
            whence.Client(server.url, retries=2).submit("m", "text")
        self.assertEqual((caught.exception.status, caught.exception.kind), (503, "queue-full"))
        self.assertEqual(len(server.requests), 3)

    def test_nobody_there(self) -> None:
        server = self.serve()
        server.close()
        with self.assertRaisesRegex(whence.ServiceUnreachableError, "is the service running"):
            whence.Client(server.url, retries=0).models()
        self.serve()

    def test_another_server(self) -> None:
        server = self.serve((404, {"Content-Type": "text/html"}, "<h1>nginx</h1>"))
        with self.assertRaisesRegex(whence.NotFoundError, "is it a Whence service"):
            whence.Client(server.url).models()

    def test_the_key_follows_no_redirect(self) -> None:
        other = self.serve((200, {}, "{}"))
        server = self.serve((302, {"Location": other.url}, ""))
        with self.assertRaises(whence.ApiError):
            whence.Client(server.url, "the-key").models()
        self.assertEqual(other.requests, [])

    def test_errors_name_field_and_remedy(self) -> None:
        errors = [{"pointer": "#/seed", "detail": "must be an integer"}, {"pointer": "#/method", "detail": "unknown"}]
        server = self.serve(problem(422, "validation", errors=errors, instance="urn:whence:request:r1"))
        with self.assertRaises(whence.InvalidRequestError) as caught:
            whence.Client(server.url).submit("m", "text", seed="x")  # type: ignore[arg-type]
        error = caught.exception
        self.assertEqual((error.field, error.remedy, error.request_id), ("#/seed", "must be an integer", "r1"))
        self.assertEqual(error.errors[1], whence.FieldError("#/method", "unknown"))
        self.assertIn("#/method: unknown", str(error))

    def test_an_event_stream_goes_on_where_it_broke(self) -> None:
        stream = {"Content-Type": "text/event-stream"}
        server = self.serve(
            (200, stream, "retry: 2000\n\nid: 1-0\nevent: progress\ndata: {\"n\":1}\n\n: still there\n\nid: 2-0\nev"),
            (200, stream, "id: 2-0\nevent: step\ndata: {\"a\":\ndata: 2}\n\nid: 3-0\nevent: done\ndata: {}\n\n"),
        )
        events = list(Transport(server.url, None, 5, 3).events("/jobs/j1/events"))
        self.assertEqual(events, [("progress", {"n": 1}), ("step", {"a": 2}), ("done", {})])
        self.assertEqual(server.requests[1][2]["Last-Event-Id"], "1-0")

    def test_addresses_that_are_none(self) -> None:
        for url in ("127.0.0.1:3000", "ftp://host", ""):
            with self.assertRaisesRegex(ValueError, "give the address of a service"):
                whence.Client(url)


if __name__ == "__main__":
    unittest.main()
