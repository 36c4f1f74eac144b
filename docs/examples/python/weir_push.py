"""Pushes on streams: numbered, so that each counts once, over lost connections too."""

import queue
import threading
import time
import uuid

import grpc
import numpy as np

from weir.v1 import parameter_server_pb2 as ps, tables_pb2
from weir_client import FRAME_BYTES, Shard, Weir, WeirError

# Pushes of one shard that are not settled; the next one waits.
PUSHES_IN_FLIGHT_MAX = 64
RECONNECT_S = 0.2


class PushSession:
    """A client of the push protocol: numbers count from 1 for each shard, under one random incarnation."""

    def __init__(self, weir: Weir, client_id: str):
        self._weir = weir
        client = ps.PushClient(id=client_id, incarnation=str(uuid.uuid4()))
        self._streams = {shard.id: ShardPushes(shard, client) for shard in weir.shards}

    def push(self, table: tables_pb2.TableSpec, keys: np.ndarray, values: np.ndarray) -> None:
        """Sends a push and returns; `flush` waits for what was sent."""
        for shard, part in self._weir.parts(table, keys, values):
            self._streams[shard.id].push(_frames(part, self._weir.routing.epoch, table.dim))

    def flush(self, timeout_s: float = 60) -> dict[str, int]:
        """Waits until every push so far is in every shard's log: the log position on each shard."""
        deadline = time.monotonic() + timeout_s
        return {shard: stream.flush(deadline) for shard, stream in self._streams.items()}

    def __enter__(self) -> "PushSession":
        return self

    def __exit__(self, *_) -> None:
        for stream in self._streams.values():
            stream.close()


class ShardPushes:
    """
    One shard's stream. What is not acknowledged is kept, and sent again under its number on the next stream. A push that is
    refused for good ends the session: the others stand.
    """

    def __init__(self, shard: Shard, client: ps.PushClient):
        self._shard, self._client = shard, client
        self._changed = threading.Condition()
        # Number -> frames; in order.
        self._unsettled: dict[int, list[ps.PushRequest]] = {}
        self._last, self._seq = 0, 0
        self._failure: Exception | None = None
        self._pause_s = RECONNECT_S
        self._closed = False
        self._outgoing: queue.SimpleQueue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def push(self, frames: list[ps.PushRequest]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failure or len(self._unsettled) < PUSHES_IN_FLIGHT_MAX)
            self._raise()
            self._last += 1
            for frame in frames:
                frame.number = self._last
            self._unsettled[self._last] = frames
            self._outgoing.put(frames)

    def flush(self, deadline: float) -> int:
        with self._changed:
            left_s = deadline - time.monotonic()
            if not self._changed.wait_for(lambda: self._failure or not self._unsettled, left_s):
                raise TimeoutError(f"{self._shard.id} has not acknowledged {len(self._unsettled)} pushes")
            self._raise()
            return self._seq

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._outgoing.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while (outgoing := self._next_stream()) is not None:
            call = self._shard.stub.Push(self._messages(outgoing), metadata=self._shard.metadata, wait_for_ready=True)
            try:
                for answer in call:
                    self._settle(answer, call)
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                    self._fail(WeirError.of(error))
            outgoing.put(None)
            time.sleep(0 if self._closed else self._pause_s)

    def _next_stream(self) -> queue.SimpleQueue | None:
        """What a new stream begins with: all that is not settled."""
        with self._changed:
            if self._closed or self._failure is not None:
                return None
            self._pause_s = RECONNECT_S
            self._outgoing = queue.SimpleQueue()
            for frames in self._unsettled.values():
                self._outgoing.put(frames)
            return self._outgoing

    def _messages(self, outgoing: queue.SimpleQueue):
        first = True
        while (frames := outgoing.get()) is not None:
            for frame in frames:
                if first:
                    # The first message of a stream says whose it is.
                    named = ps.PushRequest(client=self._client)
                    named.MergeFrom(frame)
                    frame, first = named, False
                yield frame

    def _settle(self, answer: ps.PushResponse, call: grpc.Call) -> None:
        with self._changed:
            for refusal in answer.refusals:
                if refusal.error.code == "OVERLOADED":
                    # Its number is not used up: this push and all behind it go again, on another stream.
                    self._pause_s = refusal.error.retry_after_ms / 1000
                    call.cancel()
                else:
                    self._failure = self._failure or WeirError(refusal.error)
            for number in [number for number in self._unsettled if number <= answer.through]:
                del self._unsettled[number]
            self._seq = max(self._seq, answer.seq)
            self._changed.notify_all()

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._failure = error
            self._changed.notify_all()

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure


def _frames(part: ps.PushPart, epoch: int, dim: int) -> list[ps.PushRequest]:
    """One push as messages of at most a frame each; the last one says that it is."""
    rows = max(1, FRAME_BYTES // (8 + 4 * dim))
    count = len(part.keys) // 8
    frames = []
    for at in range(0, count, rows):
        piece = ps.PushPart(
            table_uid=part.table_uid,
            keys=part.keys[8 * at : 8 * (at + rows)],
            values=part.values[4 * dim * at : 4 * dim * (at + rows)],
        )
        frames.append(ps.PushRequest(epoch=epoch, parts=[piece], more_frames=at + rows < count))
    return frames
