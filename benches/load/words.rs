//! Texts of the load: names of people and rooms, and numbered messages, all of the same length.
//!
//! A message is `00000042` and the filler. The protocols know what a server puts around it.

/// The text behind the number. With it, a line of the text protocol has 110 bytes.
pub const FILLER: &str = " shall we plan the surprise here, or would you rather wait until evening?";
/// Bytes of a message.
pub const MESSAGE_BYTES: usize = NUMBER_DIGITS + FILLER.len();
/// Bytes of a message as the text protocol delivers it, with its line end: `[09:30] #r00001 u00007: 00000042 ...`.
pub const LINE_BYTES: usize = "[09:30] #r00001 u00007: \r\n".len() + MESSAGE_BYTES;
/// Bytes of a member's name.
pub const NAME_BYTES: usize = 6;

const NUMBER_DIGITS: usize = 8;

/// The name of a member.
pub fn member_name(member: usize) -> String {
    format!("u{member:05}")
}

/// The name of a room.
pub fn room_name(room: usize) -> String {
    format!("r{room:05}")
}

/// The number in the name of a member or room; `None` if it is not one of the load's.
pub fn number_of(name: &[u8], first: u8) -> Option<usize> {
    match name {
        [letter, number @ ..] if *letter == first && number.len() == NAME_BYTES - 1 => Some(digits(number)? as usize),
        _ => None,
    }
}

/// Appends the message with this number.
pub fn write(number: u32, out: &mut Vec<u8>) {
    let mut digits = [b'0'; NUMBER_DIGITS];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    assert_eq!(rest, 0, "the numbers of the load have {NUMBER_DIGITS} digits");
    out.extend_from_slice(&digits);
    out.extend_from_slice(FILLER.as_bytes());
}

/// The number of a message; `None` unless every byte is that of a message of the load.
pub fn read(message: &[u8]) -> Option<u32> {
    let (number, filler) = message.split_at_checked(NUMBER_DIGITS)?;
    if filler == FILLER.as_bytes() { digits(number) } else { None }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    let mut number = 0;
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    Some(number)
}
