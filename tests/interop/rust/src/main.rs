//! Answers, a line for a line, what the published Sphinx crate makes of keys and packets.
//!
//! A request is words separated by blanks, bytes written as hex ("-" for none). An answer
//! begins with "ok" or "err". The first word after the command names the crate: "old" is
//! 0.6.0, which the network pins, "next" is 0.8.0, the first with single-seed reply blocks.

use std::io::{self, BufRead, Write};
use std::panic;

mod bench;
mod hex;
#[cfg(feature = "single-seed")]
mod next;
mod old;

type Answer = Result<String, String>;

fn main() {
    // A panic of the crate is an answer too, and not a line of noise on stderr.
    panic::set_hook(Box::new(|_| {}));
    let stdout = io::stdout();
    for line in io::stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = panic::catch_unwind(|| answer(&words))
            .unwrap_or_else(|_| Err("panic the crate panicked".to_string()));
        let mut out = stdout.lock();
        match answer {
            Ok(text) => writeln!(out, "ok {text}"),
            Err(text) => writeln!(out, "err {text}"),
        }
        .and_then(|()| out.flush())
        .expect("an open stdout");
    }
}

fn answer(words: &[&str]) -> Answer {
    match words {
        ["hello"] => Ok(format!(
            "0.6.0 {}",
            if cfg!(feature = "single-seed") {
                "0.8.0"
            } else {
                "-"
            }
        )),
        ["bench", payload_size, rounds] => bench::run(number(payload_size)?, number(rounds)?),
        ["padding", secret, packet] => old::padding(secret, packet),
        [command, "old", rest @ ..] => old::answer(command, rest),
        #[cfg(feature = "single-seed")]
        [command, "next", rest @ ..] => next::answer(command, rest),
        _ => Err(format!("request unknown request {:?}", words.first())),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("request not a number: {text}"))
}

/// What both crates are asked in the same words; their types differ, so a macro writes it twice.
#[macro_export]
macro_rules! reference {
    ($krate:ident) => {
        use $crate::hex::{bytes, fixed, hex};
        use $crate::{number, Answer};
        use $krate::crypto::{PrivateKey, PublicKey};
        use $krate::header::delays::Delay;
        use $krate::packet::builder::SphinxPacketBuilder;
        use $krate::packet::ProcessedPacketData;
        use $krate::route::{Destination, DestinationAddressBytes, Node, NodeAddressBytes};
        use $krate::surb::SURB;
        use $krate::version::Version;
        use $krate::SphinxPacket;

        fn refused(error: $krate::Error) -> String {
            format!("{:?} {}", error.kind(), error)
        }

        fn destination(address: &str, identifier: &str) -> Result<Destination, String> {
            let address = DestinationAddressBytes::from_bytes(fixed(address)?);
            Ok(Destination::new(address, fixed(identifier)?))
        }

        /// Hops as address:public:nanoseconds, separated by commas.
        fn route(text: &str) -> Result<(Vec<Node>, Vec<Delay>), String> {
            let mut nodes = Vec::new();
            let mut delays = Vec::new();
            for hop in text.split(',') {
                let parts: Vec<&str> = hop.split(':').collect();
                let [address, public, nanoseconds] = parts[..] else {
                    return Err("request a hop is address:public:nanoseconds".to_string());
                };
                let public = PublicKey::from(fixed::<32>(public)?);
                nodes.push(Node::new(
                    NodeAddressBytes::from_bytes(fixed(address)?),
                    public,
                ));
                delays.push(Delay::new_from_nanos(number(nanoseconds)?));
            }
            Ok((nodes, delays))
        }

        fn create(
            version: &str,
            size: &str,
            secret: &str,
            message: &str,
            to: Destination,
            hops: &str,
        ) -> Answer {
            let secret = PrivateKey::from(fixed::<32>(secret)?);
            let (nodes, delays) = route(hops)?;
            let packet = SphinxPacketBuilder::new()
                .with_version(Version::new(number(version)?))
                .with_payload_size(number(size)?)
                .with_initial_secret(&secret)
                .build_packet(bytes(message)?, &nodes, &to, &delays)
                .map_err(refused)?;
            Ok(hex(&packet.to_bytes()))
        }

        fn process(secret: &str, packet: &str) -> Answer {
            let secret = PrivateKey::from(fixed::<32>(secret)?);
            let packet = SphinxPacket::from_bytes(&bytes(packet)?).map_err(refused)?;
            let expanded = packet.header.compute_expanded_shared_secret(&secret);
            let tag = hex(expanded.replay_tag());
            let opened = packet.process(&secret).map_err(refused)?;
            let version = opened.version.value();
            match opened.data {
                ProcessedPacketData::ForwardHop {
                    next_hop_packet,
                    next_hop_address,
                    delay,
                } => Ok(format!(
                    "forward {version} {tag} {} {} {}",
                    hex(&next_hop_packet.to_bytes()),
                    hex(&next_hop_address.to_bytes()),
                    delay.to_nanos()
                )),
                ProcessedPacketData::FinalHop {
                    destination,
                    identifier,
                    payload,
                } => {
                    let sealed = hex(payload.as_bytes());
                    let message = match payload.recover_plaintext() {
                        Ok(message) => hex(&message),
                        Err(_) => "unreadable".to_string(),
                    };
                    Ok(format!(
                        "final {version} {tag} {} {} {message} {sealed}",
                        hex(&destination.as_bytes()),
                        hex(&identifier)
                    ))
                }
            }
        }

        fn use_surb(size: &str, surb: &str, message: &str) -> Answer {
            let surb = SURB::from_bytes(&bytes(surb)?).map_err(refused)?;
            let (packet, first) = surb
                .use_surb(&bytes(message)?, number(size)?)
                .map_err(refused)?;
            Ok(format!(
                "{} {}",
                hex(&packet.to_bytes()),
                hex(&first.to_bytes())
            ))
        }
    };
}
