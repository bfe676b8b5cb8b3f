//! The crate that the network pins.

use hkdf::Hkdf;
use sha2::Sha256;
use sphinx_packet::constants::{
    EXPANDED_SHARED_SECRET_HKDF_INFO, EXPANDED_SHARED_SECRET_HKDF_SALT, FINAL_NODE_META_INFO_LENGTH,
};
use sphinx_packet::crypto::{
    generate_pseudorandom_bytes, STREAM_CIPHER_INIT_VECTOR, STREAM_CIPHER_KEY_SIZE,
};
use sphinx_packet::header::{routing::ENCRYPTED_ROUTING_INFO_SIZE, HEADER_SIZE};
use sphinx_packet::surb::SURBMaterial;

crate::reference!(sphinx_packet);

pub fn answer(command: &str, words: &[&str]) -> Answer {
    match (command, words) {
        ("public", [secret]) => {
            let secret = PrivateKey::from(fixed::<32>(secret)?);
            Ok(hex(PublicKey::from(&secret).as_bytes()))
        }
        ("create", [version, size, secret, message, to, identifier, hops]) => create(
            version,
            size,
            secret,
            message,
            destination(to, identifier)?,
            hops,
        ),
        ("process", [secret, packet]) => process(secret, packet),
        ("surb", [version, secret, to, identifier, hops]) => {
            let (nodes, delays) = route(hops)?;
            let material = SURBMaterial::new(nodes, delays, destination(to, identifier)?)
                .with_version(Version::new(number(version)?));
            let secret = PrivateKey::from(fixed::<32>(secret)?);
            let surb = SURB::new(secret, material).map_err(refused)?;
            Ok(hex(&surb.to_bytes()))
        }
        ("use_surb", [size, surb, message]) => use_surb(size, surb, message),
        _ => Err(format!("request unknown request {command}")),
    }
}

/// Everything behind the final block, as the last hop decrypts it: the crate draws its random
/// padding inside, so this is how one learns it. The answer holds the filler too.
pub fn padding(secret: &str, packet: &str) -> Answer {
    let secret = PrivateKey::from(fixed::<32>(secret)?);
    let data = bytes(packet)?;
    let packet = SphinxPacket::from_bytes(&data).map_err(refused)?;
    let shared = secret.diffie_hellman(&packet.header.shared_secret);
    let mut key = [0u8; STREAM_CIPHER_KEY_SIZE];
    Hkdf::<Sha256>::new(Some(EXPANDED_SHARED_SECRET_HKDF_SALT), shared.as_bytes())
        .expand(EXPANDED_SHARED_SECRET_HKDF_INFO, &mut key)
        .map_err(|_| "request no key".to_string())?;
    let routing = &data[HEADER_SIZE - ENCRYPTED_ROUTING_INFO_SIZE..HEADER_SIZE];
    let stream = generate_pseudorandom_bytes(&key, &STREAM_CIPHER_INIT_VECTOR, routing.len());
    let block: Vec<u8> = routing.iter().zip(&stream).map(|(a, b)| a ^ b).collect();
    Ok(hex(&block[FINAL_NODE_META_INFO_LENGTH..]))
}
