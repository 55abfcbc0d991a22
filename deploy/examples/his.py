#!/usr/bin/env python3
"""A hospital information system's first steps against a running Liufang, with nothing but grpcio.

Registers a machine client (an operator does this once), signs in with a client assertion, lists the doctor's queue.

    pip install grpcio grpcio-tools cryptography
    cargo run -- serve            # in one terminal
    cargo run -- seed             # once
    python3 deploy/examples/his.py [host:port]
"""

import base64
import importlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import uuid

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSPITAL = "H13030200001"
DOCTOR = "D130302000001"


def contracts():
    """Compiles the contracts into a temporary folder and imports what is needed."""
    out = tempfile.mkdtemp(prefix="liufang-contracts-")
    protos = [str(path) for path in (ROOT / "proto/liufang").rglob("*.proto")]
    well_known = pathlib.Path(protoc.__file__).parent / "_proto"
    command = ["protoc", f"-I{ROOT / 'proto'}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}", *protos]
    if protoc.main(command) != 0:
        sys.exit("the contracts cannot be compiled")
    sys.path.insert(0, out)
    names = ["identity.v1.service", "prescription.v1.service", "common.v1.access"]
    load = importlib.import_module
    return [
        (load(f"liufang.{name}_pb2"), load(f"liufang.{name}_pb2_grpc")) for name in names
    ]


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(key: Ed25519PrivateKey, client_id: str) -> str:
    """A client assertion (RFC 7523), signed with EdDSA."""
    now = int(time.time())
    header = {"alg": "EdDSA", "typ": "JWT"}
    claims = {"iss": client_id, "sub": client_id, "aud": "liufang", "iat": now, "exp": now + 120, "jti": str(uuid.uuid4())}
    text = ".".join(b64url(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{b64url(key.sign(text.encode()))}"


def write(token: str | None = None):
    """Metadata of a write: a fresh idempotency key, and the bearer token when there is one."""
    metadata = [("idempotency-key", str(uuid.uuid4()))]
    if token:
        metadata.append(("authorization", f"Bearer {token}"))
    return metadata


def main() -> None:
    target = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8080"
    (identity, identity_rpc), (prescription, prescription_rpc), (access, _) = contracts()
    channel = grpc.insecure_channel(target)
    tokens = identity_rpc.TokenServiceStub(channel)

    operator = subprocess.run(
        ["cargo", "run", "--quiet", "--", "token"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
    key = Ed25519PrivateKey.generate()
    client_id = f"his-example-{uuid.uuid4().hex[:8]}"
    tokens.RegisterClient(
        identity.RegisterClientRequest(
            client_id=client_id,
            kind=access.CALLER_HIS,
            subject=HOSPITAL,
            public_key=base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        ),
        metadata=write(operator),
    )
    pair = tokens.IssueClientToken(
        identity.IssueClientTokenRequest(client_assertion=assertion(key, client_id)), metadata=write()
    ).tokens
    print(f"signed in as {client_id} for {HOSPITAL}")

    visits = prescription_rpc.VisitServiceStub(channel)
    queue = visits.ListQueue(
        prescription.ListQueueRequest(doctor_code=DOCTOR), metadata=[("authorization", f"Bearer {pair.access_token}")]
    )
    print(f"{len(queue.visits)} paid visits wait for {DOCTOR}")
    try:
        visits.ListQueue(prescription.ListQueueRequest(doctor_code=DOCTOR))
    except grpc.RpcError as error:
        print(f"without a token: {error.code().name}")


if __name__ == "__main__":
    main()
