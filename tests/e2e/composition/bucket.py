"""Bucket of an S3-compatible store, by moto, on a free port of this host."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import boto3
from fakes.services import LOOPBACK, LocalService
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from contextlib import ExitStack

NAME = "state-of-freshchat"
KEY = "testing"


class Bucket(LocalService):
    """An empty bucket, until the `with` block ends."""

    def __init__(self) -> None:
        # The server logs every request.
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)

    def _start(self, opened: ExitStack) -> None:
        self._server.start()
        opened.callback(self._server.stop)
        host, port = self._server.get_host_and_port()
        self._address = f"http://{host}:{port}"
        self._client = boto3.client(
            "s3",
            endpoint_url=self._address,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=KEY,
        )
        self._client.create_bucket(Bucket=NAME)

    @property
    def settings(self) -> dict[str, str]:
        """The settings of Meltano for the store and its credentials."""
        return {
            "MELTANO_STATE_BACKEND_S3_ENDPOINT_URL": self._address,
            "MELTANO_STATE_BACKEND_S3_AWS_ACCESS_KEY_ID": KEY,
            "MELTANO_STATE_BACKEND_S3_AWS_SECRET_ACCESS_KEY": KEY,
        }

    @staticmethod
    def uri(prefix: str) -> str:
        """A URI in the bucket for Meltano."""
        return f"s3://{NAME}/{prefix}"

    def keys(self) -> list[str]:
        """The names of all objects, in order."""
        listed = self._client.list_objects_v2(Bucket=NAME)
        return sorted(each["Key"] for each in listed.get("Contents", []))
