"""One HPACK case that h2spec's module release lacks: a literal with an index beyond both tables.

RFC 7541, section 2.3.3: a decoding error, which is a connection error COMPRESSION_ERROR by RFC
9113, section 4.3. A peer that closes at once is as good. Usage: literal_index.py PORT [--tls]
"""

import socket
import ssl
import struct
import sys

COMPRESSION_ERROR = 9
SETTINGS = 4
GOAWAY = 7


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def connect(port, tls):
    plain = socket.create_connection(("127.0.0.1", port), timeout=5)
    if not tls:
        return plain
    settings = ssl.create_default_context()
    settings.check_hostname = False
    settings.verify_mode = ssl.CERT_NONE
    settings.set_alpn_protocols(["h2"])
    return settings.wrap_socket(plain)


def verdict(peer):
    """What the peer did: None if it did as it has to, else the complaint."""
    data, settled = b"", False
    while True:
        while len(data) >= 9:
            length = struct.unpack(">I", b"\0" + data[:3])[0]
            if len(data) < 9 + length:
                break
            kind, payload = data[3], data[9 : 9 + length]
            data = data[9 + length :]
            settled = settled or kind == SETTINGS
            if kind == GOAWAY:
                code = struct.unpack(">I", payload[4:8])[0]
                return None if code == COMPRESSION_ERROR else "GOAWAY with code %d" % code
        try:
            more = peer.recv(65536)
        except socket.timeout:
            return "no GOAWAY, and the connection stays open"
        except ConnectionError:
            more = b""
        if not more:
            return None if settled else "closed before its SETTINGS"
        data += more


def main():
    peer = connect(int(sys.argv[1]), "--tls" in sys.argv)
    # :method GET, :scheme http, then a literal with incremental indexing, name at index 70.
    block = bytes([0x82, 0x86, 0x7F, 70 - 63]) + b"\x01x"
    peer.sendall(
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 5, 1, block)
    )
    complaint = verdict(peer)
    print("literal field with an invalid index:", complaint or "passed")
    sys.exit(complaint is not None)


main()
