"""Web servers on loopback that record their requests: a site of photos, and a proxy."""

import datetime as dt
import gzip
import select
import socket
import ssl
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PHOTO = bytes(range(256)) * 1000
SECONDS = 30  # that nothing here should take


class Server(ThreadingHTTPServer):
    """A server that notes its requests."""

    def __init__(self, visit):
        super().__init__(("127.0.0.1", 0), visit)
        self.lock = threading.Lock()
        self.requests = []  # method, target and headers
        self.connections = 0

    @property
    def targets(self):
        return [target for _, target, _ in self.requests]

    @property
    def headers(self):
        return self.requests[-1][2]

    def handle_error(self, request, client_address):
        """Log nothing about clients that hung up, as many here do."""


class Site(Server):
    """A web site: /photos/ and below lies the same photo everywhere, the rest is one behaviour each."""

    def __init__(self):
        super().__init__(Visit)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = Counter()  # times by path
        self.at_once = self.most_at_once = 0
        self.meeting = threading.Barrier(3)
        self.over = threading.Event()

    @contextmanager
    def count(self, path):
        with self.lock:
            self.asked[path] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.connections += 1

    def parse_request(self):
        understood = super().parse_request()
        if understood:
            with self.server.lock:
                self.server.requests.append((self.command, self.path, self.headers))
        return understood

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content_Length": len(body), **headers}.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


class Visit(Handler):
    def do_GET(self):
        path, _, argument = self.path[1:].partition("?")
        if path.lstrip("/").startswith("photos/"):
            self.answer(200, PHOTO)
            return
        with self.server.count(path):
            getattr(self, path)(argument)

    def photo(self, _):
        self.answer(200, PHOTO)

    def zipped(self, _):
        self.answer(200, gzip.compress(PHOTO), Content_Encoding="gzip")

    def bomb(self, _):
        self.answer(200, gzip.compress(bytes(3_000_000)), Content_Encoding="gzip")

    def status(self, number):
        self.answer(int(number), b"<p>Sorry")

    def second_time(self, number):
        first = self.server.asked["second_time"] == 1
        self.answer(*((int(number), b"busy") if first else (200, PHOTO)), Retry_After="0")

    def busy(self, argument):
        status, _, retry_after = argument.partition("&")
        self.answer(int(status), Retry_After=unquote(retry_after))

    def silent(self, _):
        self.server.over.wait(SECONDS)

    def trickle(self, _):
        self.answer(200, Content_Length=len(PHOTO))
        while not self.server.over.wait(0.01):
            self.wfile.write(b".")

    def endless(self, _):
        self.answer(200, Content_Length=None, Connection="close")
        while not self.server.over.is_set():
            self.wfile.write(PHOTO)

    def cut_once(self, _):
        self.cut("" if self.server.asked["cut_once"] == 1 else "whole")

    def cut(self, whole):
        self.answer(200, PHOTO if whole else PHOTO[:1000], Content_Length=len(PHOTO))
        self.close_connection = True

    def hop(self, left):
        self.answer(302, b"over there", Location=f"hop?{int(left) - 1}" if int(left) else "/photo")

    def to(self, location):
        self.moved(f"301&{location}")

    def moved(self, argument):
        status, _, location = argument.partition("&")
        # Any bytes: a header is written in Latin-1.
        self.answer(int(status), Location=unquote_to_bytes(location).decode("latin-1"))

    def search(self, word):
        self.answer(*((200, PHOTO) if word == "found" else (302, b"")), Location="?found")

    def meet(self, _):
        self.server.meeting.wait(SECONDS)  # for two others at the same time
        self.answer(200, PHOTO)


class Proxy(Server):
    """A proxy that finds the same photo, or a tunnel to the same site, whatever the name.

    Attributes:
        site: Where all tunnels lead.
        authorization: The credentials that it requires, if any.
        redirect: Where to send who asks for something, if anywhere.
    """

    def __init__(self, site=None):
        super().__init__(Forward)
        self.address = f"127.0.0.1:{self.server_port}"
        self.site = site
        self.authorization = self.redirect = None


class Forward(Handler):
    def do_GET(self):
        if not self.is_let_in():
            self.answer(407, b"who are you?")
        elif self.server.redirect:
            self.answer(302, Location=self.server.redirect)
        else:
            self.answer(200, PHOTO)

    def do_CONNECT(self):
        if not self.is_let_in():
            self.answer(407, b"who are you?")
            return
        self.close_connection = True
        with socket.create_connection(self.server.site.server_address) as behind:
            self.send_response(200)
            self.end_headers()
            pipe = {self.connection: behind, behind: self.connection}
            while True:
                for ready in select.select(list(pipe), [], [], SECONDS)[0]:
                    if not (content := ready.recv(65536)):
                        return
                    pipe[ready].sendall(content)

    def is_let_in(self):
        return self.server.authorization in (None, self.headers["Proxy-Authorization"])


@contextmanager
def running(server):
    with server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            if isinstance(server, Site):
                server.over.set()
            server.shutdown()
            thread.join()


def certify(folder, *names):
    """Write a certificate for some names and its key; return the file of both."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = folder / "certificate.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return file


def secure(server, file):
    """Let a server speak TLS, and note the names that clients want to talk to (SNI)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.names = []
    context.sni_callback = lambda _socket, name, _context: server.names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
