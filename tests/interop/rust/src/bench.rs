//! How long the crate takes for a forward hop and for a packet of four hops.

use std::hint::black_box;

use sphinx_packet::crypto::{PrivateKey, PublicKey};
use sphinx_packet::header::delays::Delay;
use sphinx_packet::packet::builder::SphinxPacketBuilder;
use sphinx_packet::route::{Destination, DestinationAddressBytes, Node, NodeAddressBytes};
use sphinx_packet::SphinxPacket;

use crate::Answer;

const HOPS: usize = 4;
const BATCHES: u32 = 7;

/// Nanoseconds of the fastest batch: a forward hop (from and to bytes), then a packet made.
pub fn run(payload_size: usize, rounds: u32) -> Answer {
    let secrets: Vec<PrivateKey> = (0..HOPS).map(|_| PrivateKey::random()).collect();
    let route: Vec<Node> = secrets
        .iter()
        .map(|secret| {
            Node::new(
                NodeAddressBytes::from_bytes([7; 32]),
                PublicKey::from(secret),
            )
        })
        .collect();
    let delays = vec![Delay::new_from_nanos(15_000_000); HOPS];
    let destination = Destination::new(DestinationAddressBytes::from_bytes([9; 32]), [3; 16]);
    let message = vec![5u8; payload_size - sphinx_packet::payload::PAYLOAD_OVERHEAD_SIZE];
    let make = || {
        SphinxPacketBuilder::new()
            .with_payload_size(payload_size)
            .build_packet(&message, &route, &destination, &delays)
            .expect("a packet")
            .to_bytes()
    };
    let packet = make();
    let open = || {
        let packet = SphinxPacket::from_bytes(black_box(&packet)).expect("a packet");
        match packet.process(&secrets[0]).expect("a forward hop").data {
            sphinx_packet::packet::ProcessedPacketData::ForwardHop {
                next_hop_packet, ..
            } => next_hop_packet.to_bytes(),
            _ => unreachable!(),
        }
    };
    Ok(format!(
        "{} {}",
        fastest(rounds, open),
        fastest(rounds, make)
    ))
}

fn fastest<T>(rounds: u32, work: impl Fn() -> T) -> u128 {
    (0..BATCHES)
        .map(|_| {
            let start = cpu_ns();
            for _ in 0..rounds {
                black_box(work());
            }
            (cpu_ns() - start) / u128::from(rounds)
        })
        .min()
        .unwrap_or(0)
}

/// CPU time of this process: what others do on the machine does not count.
#[cfg(unix)]
fn cpu_ns() -> u128 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec of our own, which the call fills.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u128 * 1_000_000_000 + time.tv_nsec as u128
}

#[cfg(not(unix))]
fn cpu_ns() -> u128 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos()
}
