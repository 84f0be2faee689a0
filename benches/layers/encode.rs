//! How many bytes of messages does the text protocol encode a second?

use chat_server::chat::{Event, Message, MessageKind, Name, RoomId, RoomLabel, ShownRoom, Text, Timestamp};
use chat_server::protocol::text::Text as TextProtocol;
use chat_server::protocol::{Clock, Context, Protocol};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};

use crate::words::{self, LINE_BYTES};

const NOW: Timestamp = Timestamp(1_760_000_000_000);
const MESSAGES: usize = 256;

/// A turn of messages; in the system's zone, or in UTC.
#[divan::bench(args = [true, false])]
fn messages(bencher: Bencher, zone: bool) {
    let clock = if zone { Clock::system().expect("the machine knows its zone") } else { Clock::utc() };
    let name = |text: &str| Name::parse(text).expect("a name");
    let mut line = Vec::new();
    words::write(42, &mut line);
    let event = Event::Message(Message {
        room: ShownRoom { id: RoomId(7), label: RoomLabel::Room(name(&words::room_name(0))) },
        seq: 42,
        at: NOW,
        author: name(&words::member_name(7)),
        kind: MessageKind::Speech,
        program: false,
        text: Text::clean(&line),
    });
    let mut batch = Vec::new();
    bencher.counter(BytesCount::new(MESSAGES * LINE_BYTES)).bench_local(|| {
        batch.clear();
        for _ in 0..MESSAGES {
            TextProtocol.event(black_box(&event), Context { now: NOW, clock: &clock }, &mut batch);
        }
    });
}
