"""A certificate authority of one's own, and servers that are reached by its certificates."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stores import Store

_DAY = timedelta(days=1)
_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Its certificate is at `path`; nobody knows it unless he is told."""

    path: Path
    name: x509.Name
    key: ec.EllipticCurvePrivateKey

    def certificate(self, host: str = "127.0.0.1", *, from_day: int = -1, to_day: int = 1) -> Path:
        """A file with a new certificate for `host`, valid between these days from now, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        try:
            names: list[x509.GeneralName] = [x509.IPAddress(ip_address(host))]
        except ValueError:
            names = [x509.DNSName(host)]
        made = _certificate(_named(host), key, self, from_day, to_day)
        signed = made.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(self.key, hashes.SHA256())
        path = self.path.with_name(f"server-{host}-{from_day}-{to_day}.pem")
        path.write_bytes(_pem(signed) + _key_pem(key))
        return path


def an_authority(folder: Path, name: str = "our own") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    authority = Authority(path=folder / f"{name}.pem", name=_named(name), key=key)
    made = _certificate(authority.name, key, authority, -1, 1)
    root = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    authority.path.write_bytes(_pem(root.sign(key, hashes.SHA256())))
    return authority


@contextmanager
def behind_tls(store: Store, certificate: Path) -> Iterator[Store]:
    """The same bucket by https, from a server that has this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    loop = asyncio.new_event_loop()
    where = urlsplit(store.endpoint)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_store, to_store = await asyncio.open_connection(where.hostname, where.port)
        await asyncio.gather(_pass_on(reader, to_store), _pass_on(from_store, writer))

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0, ssl=context))
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield replace(store, endpoint=f"https://127.0.0.1:{port}")
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with closing(target), suppress(OSError):
        while content := await source.read(_BYTES):
            target.write(content)
            await target.drain()


async def _end(server: asyncio.Server) -> None:
    """Whoever is still connected is cut off."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _certificate(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, authority: Authority, from_day: int, to_day: int
) -> x509.CertificateBuilder:
    now = datetime.now(timezone.utc)
    return x509.CertificateBuilder(
        issuer_name=authority.name,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now + from_day * _DAY,
        not_valid_after=now + to_day * _DAY,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
