"""Telegram's updates: as they are kept, whom they come from, and what was said in them."""

import json

from homeward.bot.talk import Edited, File, Incoming, Pictures, Said, Spot, Tap, Unknown, Words
from homeward.client import Json

GROUPS, OUTSIDE = {"group", "supergroup"}, {"left", "kicked"}
REFERRED_TO = {"reply_to_message", "external_reply", "quote", "reply_markup", "entities", "caption_entities"}
OF_THE_CHAT = {  # what Telegram says of the chat itself: nobody speaks
    "new_chat_members",
    "pinned_message",
    "migrate_to_chat_id",
    "message_auto_delete_timer_changed",
    "write_access_allowed",
    "chat_background_set",
    "connected_website",
}


def read(update: Json) -> Incoming | None:
    """What was said in an update of the inbox; None where there is nothing to answer."""
    body = json.loads(update["body"])
    query, edited = body.get("callback_query"), body.get("edited_message")
    message = edited or body.get("message")
    sender = (query or message or {}).get("from") or {}
    language = _language(sender)
    if query is not None:
        under = (query.get("message") or {}).get("message_id")
        tap = Tap(str(query.get("data", "")), str(under) if under else None, str(query["id"]))
        return Incoming((update["number"],), update["address"], language, tap)
    if "my_chat_member" in body:
        return _joined(update, body["my_chat_member"])
    if message is None or sender.get("is_bot"):
        return None
    said = _edited(message) if edited else _said(message)
    group = message.get("media_group_id") if isinstance(said, Pictures) else None
    return Incoming((update["number"],), update["address"], language, said, group) if said else None


def _language(sender: Json) -> str:
    return "ru" if str(sender.get("language_code", "")).startswith(("ru", "uk", "be", "kk")) else "en"


def _joined(update: Json, change: Json) -> Incoming | None:
    """Somebody has brought the bot into a group."""
    was_outside = change["old_chat_member"]["status"] in OUTSIDE
    if change["chat"]["type"] not in GROUPS or not was_outside or change["new_chat_member"]["status"] in OUTSIDE:
        return None
    return Incoming((update["number"],), update["address"], _language(change["from"]), Unknown("group"))


def _edited(message: Json) -> Said | None:
    """None for what moves by itself, as a live location does, and for what only the messenger changed."""
    if message["chat"]["type"] != "private" or "location" in message or "edit_date" not in message:
        return None
    return Edited(str(message["message_id"]), message.get("text") or message.get("caption") or "")


def _said(message: Json) -> Said | None:
    if message["chat"]["type"] != "private":
        return Unknown("group") if str(message.get("text", "")).startswith("/") else None
    if "venue" in message or "location" in message:
        place = message.get("location") or message["venue"]["location"]
        return Spot(place["latitude"], place["longitude"])
    file = _file(message)
    if file is not None:
        return Pictures((file,), message.get("caption") or "")
    if "text" in message:
        return Words(message["text"], str(message["message_id"]))
    kinds = {"voice": "voice", "audio": "voice", "sticker": "sticker", "document": "file", "contact": "contact"}
    found = next((kind for field, kind in kinds.items() if field in message), None)
    return None if OF_THE_CHAT & message.keys() else Unknown(found or "other")


def _file(message: Json) -> File | None:
    if message.get("photo"):
        largest = max(message["photo"], key=lambda size: size["width"] * size["height"])
        return File(largest["file_id"], "photo", largest.get("file_size"))
    for field in ("video", "video_note", "animation"):
        if field in message:
            return File(message[field]["file_id"], "video", message[field].get("file_size"))
    document = message.get("document")
    if document is None:
        return None
    kind, name = str(document.get("mime_type", "")), str(document.get("file_name", "")).lower()
    if kind.startswith("image/") or name.endswith((".heic", ".heif", ".avif", ".jpg", ".jpeg", ".png", ".webp")):
        return File(document["file_id"], "photo", document.get("file_size"))
    if kind.startswith("video/"):
        return File(document["file_id"], "video", document.get("file_size"))
    return None


def kept(update: Json) -> Json:
    """An update for the inbox, under its number and its chat; what it answers or quotes may be long: left out."""
    body = {name: _alone(value) if isinstance(value, dict) else value for name, value in update.items()}
    text = json.dumps(body, ensure_ascii=False)
    return {"number": update["update_id"], "address": address_of(update), "body": text}


def _alone(said: Json) -> Json:
    """A message, or a tap under one, without the messages that it refers to."""
    rest = {name: value for name, value in said.items() if name not in REFERRED_TO}
    return rest | {"message": _alone(rest["message"])} if isinstance(rest.get("message"), dict) else rest


def address_of(body: Json) -> str:
    """The chat that an update comes from; of a tap, the person who tapped."""
    query = body.get("callback_query")
    message = body.get("message") or body.get("edited_message") or body.get("my_chat_member") or {}
    chat = query["from"] if query else message.get("chat") or {"id": 0}
    return str(chat["id"])
