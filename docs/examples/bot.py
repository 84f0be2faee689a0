#!/usr/bin/env python3
"""A bot that answers "!time" and "!echo WORDS" in every room of its account.

    bot.py HOST PORT NAME TOKEN [FILE]

Nothing but Python's standard library. FILE keeps, by the number of each room, that of the last message that was dealt with,
so that whatever is asked while the bot or the server is away is answered later, and nothing twice.
"""
import json, os, socket, sys, time

host, port, name, token = sys.argv[1:5]
file = sys.argv[5] if len(sys.argv) > 5 else "bot.json"


def answer(text):
    if text == "!time":
        return time.strftime("It is %H:%M.")
    return text[6:].strip() or None if text.startswith("!echo ") else None


def serve(lines, send, seen):
    send(type="login", name=name, token=token, live=False)
    for line in lines:
        message = json.loads(line)
        kind, room = message["type"], str(message.get("room_id"))
        if kind == "logged_in":
            for known in message["rooms"]:  # of a room that is new to us, nothing of old
                seen.setdefault(str(known["room_id"]), known["last"])
            rooms = [str(known["room_id"]) for known in message["rooms"]]
            send(type="resume", room_ids={room: seen[room] for room in rooms})
        elif kind == "message":
            reply = None if message["program"] else answer(message["text"])  # no program answers a program
            if reply:  # under this key it is said once, however often we get here
                send(type="send", room_id=int(room), text=reply, key=f"answer-{message['seq']}", ref=str(message["seq"]))
            else:
                done(seen, room, message["seq"])
        elif kind == "stored":
            done(seen, room, int(message["ref"]))
        elif kind == "refused":
            print("refused:", message["text"], file=sys.stderr)
            if message["code"] in ("wrong_password", "server_banned"):
                sys.exit(1)


def done(seen, room, seq):
    seen[room] = max(seq, seen.get(room, 0))
    with open(file + ".new", "w") as out:
        json.dump(seen, out)
    os.replace(file + ".new", file)  # a bot that is killed in between leaves the old one whole


seen = json.load(open(file)) if os.path.exists(file) else {}
while True:
    try:
        with socket.create_connection((host, int(port))) as link, link.makefile("rw", encoding="utf-8") as lines:
            serve(lines, lambda **what: print(json.dumps(what), file=lines, flush=True), seen)
    except OSError as error:
        print("lost the link:", error, file=sys.stderr)
    time.sleep(1)
