//! Bytes as text; an empty run is written "-".

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub fn hex(data: &[u8]) -> String {
    if data.is_empty() {
        return "-".to_string();
    }
    let mut text = String::with_capacity(2 * data.len());
    for byte in data {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

pub fn bytes(text: &str) -> Result<Vec<u8>, String> {
    if text == "-" {
        return Ok(Vec::new());
    }
    let digits = text.as_bytes();
    if digits.len() % 2 != 0 {
        return Err("request an odd number of hex digits".to_string());
    }
    digits
        .chunks(2)
        .map(|pair| Ok(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

pub fn fixed<const N: usize>(text: &str) -> Result<[u8; N], String> {
    let data = bytes(text)?;
    let got = data.len();
    data.try_into()
        .map_err(|_| format!("request {got} bytes, expected {N}"))
}

fn digit(byte: u8) -> Result<u8, String> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        _ => Err("request not a hex digit".to_string()),
    }
}
