//! The lines of the load: every message has its number in it, and every line the same length.
//!
//! As sent: `00000042 the filler`. As received: `[09:30] #r0001 u0007: 00000042 the filler`.

/// Bytes of a message as it is received, with its line end.
pub const LINE_BYTES: usize = 110;

/// Behind the number, to the end of the line.
const FILLER: &[u8] = b" shall we plan the surprise here, or would you rather wait until it is evening\r\n";
const NUMBER_DIGITS: usize = 8;
const NAME_DIGITS: usize = 4;
const NAME_AT: usize = "[09:30] #r0001 u".len();
const NUMBER_AT: usize = "[09:30] #r0001 u0007: ".len();
const _: () = assert!(NUMBER_AT + NUMBER_DIGITS + FILLER.len() == LINE_BYTES);

/// How a member is called.
pub fn member_name(member: usize) -> String {
    format!("u{member:04}")
}

/// How a room is called.
pub fn room_name(room: usize) -> String {
    format!("r{room:04}")
}

/// What stands behind the time in each line of a room, up to the number of the member that wrote it.
pub fn start_in_room(room: usize) -> Vec<u8> {
    format!("] #{} u", room_name(room)).into_bytes()
}

/// Appends the line that a sender sends.
pub fn write(number: u32, out: &mut Vec<u8>) {
    let mut digits = [b'0'; NUMBER_DIGITS];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    assert_eq!(rest, 0, "the numbers of the load have {NUMBER_DIGITS} digits");
    out.extend_from_slice(&digits);
    out.extend_from_slice(FILLER);
}

/// Which member wrote the line and with which number, if it is, to the byte, a message of the load in the room.
pub fn read(line: &[u8], start_in_room: &[u8]) -> Option<(usize, u32)> {
    let is_ours = line.len() == LINE_BYTES
        && line[0] == b'['
        && line[..NAME_AT].ends_with(start_in_room)
        && &line[NAME_AT + NAME_DIGITS..NUMBER_AT] == b": "
        && &line[NUMBER_AT + NUMBER_DIGITS..] == FILLER;
    if !is_ours {
        return None;
    }
    let member = digits(&line[NAME_AT..NAME_AT + NAME_DIGITS])?;
    let number = digits(&line[NUMBER_AT..NUMBER_AT + NUMBER_DIGITS])?;
    Some((member as usize, number))
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
