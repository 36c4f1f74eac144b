"""A small client of Weir's parameter server: tables, pulls, unary pushes. Streams of pushes are in weir_push.py."""

import secrets
import uuid
from collections.abc import Sequence

import grpc
import numpy as np

from weir.v1 import common_pb2, parameter_server_pb2 as ps, parameter_server_pb2_grpc, tables_pb2
from weir_hash import slot_of_name, slots_of

# What one message should not exceed, and what one may.
FRAME_BYTES = 256 * 1024
MESSAGE_BYTES_MAX = 32 * 1024 * 1024
TIMEOUT_S = 30


class WeirError(Exception):
    """A refusal, with a code of docs/errors.md."""

    def __init__(self, detail: common_pb2.ErrorDetail):
        super().__init__(f"{detail.code}: {detail.message}")
        self.code = detail.code
        self.detail = detail

    @staticmethod
    def of(error: grpc.RpcError) -> Exception:
        """The shard's own words, where it had any."""
        for name, value in error.trailing_metadata() or ():
            if name == "weir-error-bin":
                return WeirError(common_pb2.ErrorDetail.FromString(value))
        return error


class Shard:
    """One shard: its id and what can be called on it."""

    def __init__(self, shard_id: str, address: str, credentials: grpc.ChannelCredentials | None, token: str | None):
        options = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            # grpcio would wait up to two minutes before it tries a shard again that was away.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1000),
        ]
        if credentials is None:
            self.channel = grpc.insecure_channel(address, options)
        else:
            self.channel = grpc.secure_channel(address, credentials, options)
        self.id = shard_id
        self.metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        self.stub = parameter_server_pb2_grpc.ParameterServerStub(self.channel)

    def call(self, method: str, request):
        """One unary call, to its answer. It waits for a shard that is starting."""
        try:
            return self.begin(method, request).result()
        except grpc.RpcError as error:
            raise WeirError.of(error) from error

    def begin(self, method: str, request):
        """One unary call, as a future."""
        call = getattr(self.stub, method).future
        return call(request, timeout=TIMEOUT_S, metadata=self.metadata, wait_for_ready=True)


class Weir:
    """A cluster, as any one of its shards describes it."""

    def __init__(
        self,
        seeds: Sequence[str],
        credentials: grpc.ChannelCredentials | None = None,
        token: str | None = None,
    ):
        seed = Shard("seed", seeds[secrets.randbelow(len(seeds))], credentials, token)
        with seed.channel:
            self.routing = seed.call("GetRouting", ps.GetRoutingRequest())
        self.shards = [Shard(shard.id, shard.address, credentials, token) for shard in self.routing.shards]
        # Slot -> index into shards.
        self.slots = np.frombuffer(self.routing.slots, dtype="<u2")

    def owners(self, keys: np.ndarray) -> np.ndarray:
        """Index of the shard that owns each key."""
        return self.slots[slots_of(keys)]

    def create_table(self, definition: tables_pb2.TableSpec) -> tables_pb2.TableSpec:
        """Makes the table on every shard, or finds it there. Its name's home decides, so it comes first."""
        wanted = tables_pb2.TableSpec()
        wanted.CopyFrom(definition)
        wanted.uid, wanted.seed = str(uuid.uuid4()), secrets.randbits(53)
        home = self.shards[self.slots[slot_of_name(wanted.name)]]
        spec = self._create_on(home, wanted)
        for shard in self.shards:
            if shard is not home and self._create_on(shard, spec).uid != spec.uid:
                raise ValueError(f"{shard.id} holds another table {spec.name}: drop it first")
        return spec

    def _create_on(self, shard: Shard, wanted: tables_pb2.TableSpec) -> tables_pb2.TableSpec:
        try:
            return shard.call("CreateTable", ps.CreateTableRequest(spec=wanted)).spec
        except WeirError as error:
            if error.code != "TABLE_EXISTS":
                raise
            tables = shard.call("ListTables", ps.ListTablesRequest()).tables
            found = next((state.spec for state in tables if state.spec.name == wanted.name), None)
            if found is None or _definition(found) != _definition(wanted):
                raise
            return found

    def pull(self, table: tables_pb2.TableSpec, keys: np.ndarray) -> np.ndarray:
        """Rows of these keys, float32 [keys, dim]; an unknown key has its initial value, and gets no row."""
        rows = np.zeros((len(keys), table.dim), dtype=np.float32)
        calls = []
        for shard, where in self._split(keys):
            for part in _chunks(where, 4 * table.dim):
                asked = ps.PullPart(table_uid=table.uid, keys=pack_keys(keys[part]))
                request = ps.PullRequest(epoch=self.routing.epoch, parts=[asked])
                calls.append((part, shard, shard.begin("PullOnce", request)))
        for part, shard, call in calls:
            try:
                result = call.result().results[0]
            except grpc.RpcError as error:
                raise WeirError.of(error) from error
            if result.refused:
                raise RuntimeError(f"{shard.id} does not own all keys: connect again")
            rows[part] = np.frombuffer(result.values, dtype="<f4").reshape(-1, table.dim)
        return rows

    def push_once(self, table: tables_pb2.TableSpec, keys: np.ndarray, values: np.ndarray) -> dict[str, int]:
        """One push by unary calls: the log position on each shard. After a lost answer nobody can tell whether it counts."""
        calls = [
            (shard, shard.begin("PushOnce", ps.PushRequest(epoch=self.routing.epoch, parts=[part])))
            for shard, part in self.parts(table, keys, values)
        ]
        try:
            return {shard.id: call.result().seq for shard, call in calls}
        except grpc.RpcError as error:
            raise WeirError.of(error) from error

    def parts(self, table: tables_pb2.TableSpec, keys: np.ndarray, values: np.ndarray):
        """What each shard concerned has of a push."""
        for shard, where in self._split(keys):
            packed = np.ascontiguousarray(values[where], dtype="<f4").tobytes()
            yield shard, ps.PushPart(table_uid=table.uid, keys=pack_keys(keys[where]), values=packed)

    def _split(self, keys: np.ndarray):
        owners = self.owners(keys)
        for index, shard in enumerate(self.shards):
            where = np.flatnonzero(owners == index)
            if len(where) > 0:
                yield shard, where


def pack_keys(keys: np.ndarray) -> bytes:
    return np.ascontiguousarray(keys, dtype="<u8").tobytes()


def _chunks(where: np.ndarray, row_bytes: int):
    rows = max(1, FRAME_BYTES // row_bytes)
    return (where[at : at + rows] for at in range(0, len(where), rows))


def _definition(spec: tables_pb2.TableSpec) -> tables_pb2.TableSpec:
    """The table, whoever made it."""
    plain = tables_pb2.TableSpec()
    plain.CopyFrom(spec)
    plain.ClearField("uid")
    plain.ClearField("seed")
    return plain
