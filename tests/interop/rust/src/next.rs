//! The first crate with single-seed reply blocks.

use sphinx_packet_next::payload::Payload;
use sphinx_packet_next::surb::SURBMaterial;
use sphinx_packet_next::surb::SurbReplyRecovery;

crate::reference!(sphinx_packet_next);

pub fn answer(command: &str, words: &[&str]) -> Answer {
    match (command, words) {
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
            let version = Version::new(number(version)?);
            let to = destination(to, identifier)?;
            let material = SURBMaterial::new(nodes, delays, to, version);
            let secret = PrivateKey::from(fixed::<32>(secret)?);
            if version.uses_single_seed_surb() {
                let (surb, keys) = SURB::new_recoverable(secret, material).map_err(refused)?;
                Ok(format!(
                    "{} {}",
                    hex(&surb.to_bytes()),
                    hex(&keys.to_bytes())
                ))
            } else {
                let surb = SURB::new(secret, material).map_err(refused)?;
                Ok(hex(&surb.to_bytes()))
            }
        }
        ("use_surb", [size, surb, message]) => use_surb(size, surb, message),
        ("unseal", [keys, payload]) => {
            let keys = SurbReplyRecovery::from_bytes(&bytes(keys)?).map_err(refused)?;
            let payload = Payload::from_bytes(&bytes(payload)?).map_err(refused)?;
            Ok(hex(&keys.recover_plaintext(payload).map_err(refused)?))
        }
        _ => Err(format!("request unknown request {command}")),
    }
}
