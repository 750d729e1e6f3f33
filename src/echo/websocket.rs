//! WebSocket, as far as an echo needs it; RFC 6455.
//!
//! Frames go back as they came, fragments too, without a mask. Text is not checked.

use std::io;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use http::{HeaderMap, HeaderValue, header};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream};

/// Bytes of a payload in memory at a time.
const CHUNK: usize = 16 << 10;
/// RFC 6455 section 5.5.
const LONGEST_CONTROL: u64 = 125;

const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// The `Sec-WebSocket-Accept` for a handshake; `None` if the request is none.
pub(super) fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let upgrade = headers.get(header::UPGRADE)?;
    if !upgrade.as_bytes().eq_ignore_ascii_case(b"websocket") {
        return None;
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key.as_bytes(), GUID].concat());
    HeaderValue::try_from(base64(digest.as_ref())).ok()
}

/// Sends every frame back until the peer closes.
pub(super) async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut stream = BufStream::new(stream);
    if let Err(error) = echo_frames(&mut stream).await {
        tracing::debug!(%error, "an echoed WebSocket ended early");
    }
    // The peer may be gone already.
    let _ = stream.shutdown().await;
}

async fn echo_frames(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<()> {
    loop {
        let first = match stream.read_u8().await {
            Ok(first) => first,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let second = stream.read_u8().await?;
        let length = match second & 0x7f {
            126 => u64::from(stream.read_u16().await?),
            127 => stream.read_u64().await?,
            length => u64::from(length),
        };
        let opcode = first & 0xf;
        let control = opcode & 0x8 != 0;
        if second & 0x80 == 0 || (control && length > LONGEST_CONTROL) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mask = stream.read_u32().await?.to_be_bytes();
        let reply = match opcode {
            PING => Some((first & 0xf0) | PONG),
            PONG => None,
            _ => Some(first),
        };
        if let Some(first) = reply {
            write_head(stream, first, length).await?;
        }
        copy_payload(stream, length, mask, reply.is_some()).await?;
        stream.flush().await?;
        if opcode == CLOSE {
            return Ok(());
        }
    }
}

async fn write_head(
    stream: &mut (impl AsyncWrite + Unpin),
    first: u8,
    length: u64,
) -> io::Result<()> {
    stream.write_u8(first).await?;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => stream.write_u8(short).await,
        (_, Ok(medium)) => {
            stream.write_u8(126).await?;
            stream.write_u16(medium).await
        }
        (_, Err(_)) => {
            stream.write_u8(127).await?;
            stream.write_u64(length).await
        }
    }
}

async fn copy_payload(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    length: u64,
    mask: [u8; 4],
    send: bool,
) -> io::Result<()> {
    let mut buffer = [0; CHUNK];
    let mut left = length;
    // A chunk is a multiple of four bytes, so the mask begins anew with each.
    while left > 0 {
        let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let chunk = &mut buffer[..wanted];
        stream.read_exact(chunk).await?;
        for (byte, mask) in chunk.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        if send {
            stream.write_all(chunk).await?;
        }
        left -= wanted as u64;
    }
    Ok(())
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let mut padded = [0; 4];
        for (place, byte) in padded.iter_mut().skip(1).zip(group) {
            *place = *byte;
        }
        let bits = u32::from_be_bytes(padded);
        for digit in 0..4 {
            let sextet = (bits >> (18 - 6 * digit)) as usize & 63;
            text.push(if digit <= group.len() {
                char::from(ALPHABET[sextet])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::duplex;

    use super::*;

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
            ("\u{fb}\u{ff}", "w7vDvw=="),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text, "{bytes}");
        }
    }

    #[test]
    fn a_handshake_is_answered_as_the_standard_has_it() {
        let mut headers = HeaderMap::new();
        assert_eq!(accept(&headers), None);
        headers.insert(
            header::SEC_WEBSOCKET_KEY,
            HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
        );
        assert_eq!(accept(&headers), None);
        headers.insert(header::UPGRADE, HeaderValue::from_static("WebSocket"));
        assert_eq!(accept(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [0xa1, 0x02, 0xf3, 0x44];
        let mut frame = head(first, payload.len(), 0x80);
        frame.extend(mask);
        frame.extend(
            payload
                .iter()
                .zip(mask.iter().cycle())
                .map(|(byte, mask)| byte ^ mask),
        );
        frame
    }

    /// A frame as a server sends it.
    fn reply(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = head(first, payload.len(), 0);
        frame.extend(payload);
        frame
    }

    fn head(first: u8, length: usize, masked: u8) -> Vec<u8> {
        let mut head = vec![first];
        match length {
            ..126 => head.push(masked | u8::try_from(length).unwrap()),
            126..65536 => {
                head.push(masked | 126);
                head.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
            _ => {
                head.push(masked | 127);
                head.extend((length as u64).to_be_bytes());
            }
        }
        head
    }

    #[tokio::test]
    async fn frames_of_every_length_go_back_and_pings_become_pongs() {
        let long: Vec<u8> = (0..70_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let medium = &long[..300];
        let sent = [
            frame(0x81, b"hello"),
            frame(0x01, b"fragment"),
            frame(0x89, b"ping"),
            frame(0x80, medium),
            frame(0x8a, b"pong"),
            frame(0x82, &long),
            frame(0x88, &[3, 232]),
        ];
        let expected = [
            reply(0x81, b"hello"),
            reply(0x01, b"fragment"),
            reply(0x8a, b"ping"),
            reply(0x80, medium),
            reply(0x82, &long),
            reply(0x88, &[3, 232]),
        ];
        let (mut client, server) = duplex(1 << 20);
        client.write_all(&sent.concat()).await.unwrap();
        echo(server).await;
        let mut got = Vec::new();
        client.read_to_end(&mut got).await.unwrap();
        assert!(got == expected.concat());
    }

    #[tokio::test]
    async fn a_frame_without_a_mask_or_a_long_control_frame_ends_the_connection() {
        for sent in [reply(0x81, b"hello"), frame(0x89, &[0; 126])] {
            let (mut client, server) = duplex(1 << 10);
            client.write_all(&sent).await.unwrap();
            echo(server).await;
            let mut got = Vec::new();
            client.read_to_end(&mut got).await.unwrap();
            assert_eq!(got, b"");
        }
    }
}
