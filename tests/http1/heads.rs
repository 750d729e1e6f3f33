//! Heads: what is read and what is refused.

use portcullis::http1::{BodyDecoder, BodyLength, ChunkLimits, request_framing, response_framing};
use portcullis::message::{FieldId, Method, Target};

use crate::support::{request, response};

#[test]
fn a_request_head_is_read() {
    let head =
        request(b"GET /a/%2e%2E/b?c HTTP/1.1\r\nHost: Example.ORG.:80\r\nX-Y:  z \r\n\r\nrest")
            .unwrap();
    assert_eq!(head.method, Method::Get);
    assert_eq!(head.target(), b"/a/%2e%2E/b?c");
    assert_eq!(head.find(FieldId::Host), Some(&b"Example.ORG.:80"[..]));
    assert_eq!(head.fields().last().unwrap().value, b"z");
    assert_eq!(head.rest(), b"rest");
    let framing = request_framing(&head).unwrap();
    assert_eq!(framing.body, BodyLength::Empty);
    assert!(framing.keep_alive);
    let mut target = Target::default();
    target.resolve(&head).unwrap();
    assert_eq!(target.host(), b"example.org");
    assert_eq!(target.port(), Some(80));
    assert_eq!(target.path(), b"/b");
    assert_eq!(target.query(), Some(&b"c"[..]));
    assert_eq!(target.path_and_query(), b"/b?c");
}

#[test]
fn a_chunked_response_is_read() {
    let head = response(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx-y: z\r\n\r\nHTTP",
    )
    .unwrap();
    let framing = response_framing(&head, Method::Get).unwrap();
    assert_eq!(framing.body, BodyLength::Chunked);
    let mut body = BodyDecoder::new(framing.body, ChunkLimits::default());
    let decoded = body.decode(head.rest()).unwrap();
    assert_eq!(&head.rest()[decoded.data], b"hello");
    assert!(decoded.done);
    assert_eq!(&head.rest()[decoded.consumed..], b"HTTP");
    assert_eq!(body.trailers().next().unwrap().name, b"x-y");
}
