"""One HPACK case that h2spec's module release lacks: a literal with an index beyond both tables.

RFC 7541, section 2.3.3: a decoding error, which is a connection error by RFC 9113, section 4.3. As
h2spec does, it accepts any error code once the connection closes. Usage: literal_index.py PORT [--tls]
"""

import socket
import ssl
import struct
import sys

SETTINGS = 4


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
    data = b""
    while True:
        try:
            more = peer.recv(65536)
        except socket.timeout:
            return "the connection stays open"
        except ConnectionError:
            more = b""
        if not more:
            spoke = len(data) >= 9 and data[3] == SETTINGS
            return None if spoke else "closed before its SETTINGS"
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
