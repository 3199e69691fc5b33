#!/usr/bin/env python3
"""A small server of tools: notes in a folder, over the Model Context Protocol on standard streams.

usage: notes_server.py FOLDER
Each message is a line of JSON-RPC. Notes are files NAME.txt; names are letters, digits, - and _.
"""
import json
import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "notes")
name_schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}


def schema(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


tools = {
    "list": ("Lists the names of all notes.", schema()),
    "read": ("Reads a note.", schema(name=name_schema)),
    "write": ("Writes a note.", schema(name=name_schema, text={"type": "string"})),
}


def note(arguments):
    if not re.fullmatch("[A-Za-z0-9_-]{1,64}", arguments["name"]):
        raise ValueError("a name is 1 to 64 letters, digits, - and _")
    return folder / (arguments["name"] + ".txt")


def call(name, arguments):
    if name == "list":
        return ", ".join(sorted(path.stem for path in folder.glob("*.txt"))) or "there are none"
    if name == "read":
        return note(arguments).read_text()
    if name == "write":
        folder.mkdir(parents=True, exist_ok=True)
        note(arguments).write_text(arguments["text"])
        return "written"
    raise ValueError("there is no tool " + name)


def answer(request):
    method, params = request["method"], request.get("params", {})
    if method == "initialize":
        return {
            "protocolVersion": params["protocolVersion"],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "notes", "version": "1"},
        }
    if method == "tools/list":
        return {
            "tools": [
                {"name": name, "description": text, "inputSchema": inputs}
                for name, (text, inputs) in tools.items()
            ]
        }
    if method == "tools/call":
        try:
            text, failed = call(params["name"], params.get("arguments", {})), False
        except (OSError, ValueError, KeyError) as problem:
            text, failed = str(problem), True
        return {"content": [{"type": "text", "text": text}], "isError": failed}
    return {}  # ping


for line in sys.stdin:
    request = json.loads(line)
    if "id" in request:  # else a notification, which nobody answers
        result = {"jsonrpc": "2.0", "id": request["id"], "result": answer(request)}
        print(json.dumps(result), flush=True)
