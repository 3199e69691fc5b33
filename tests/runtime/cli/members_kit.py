"""What the tests of several processes share: a load, members as processes, networks of their own.

MCP_TEST_SEED repeats an order of faults. In mode netns each process has a network of its own, whose
cables can be cut; that takes root and iproute2, without which the test is skipped (exit code 77).
"""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

program = os.path.realpath(sys.argv[1])
plugin = os.path.realpath(sys.argv[2]) + "/receiver.so"
mode = sys.argv[3] if len(sys.argv) > 3 else "plain"
seed = int(os.environ.get("MCP_TEST_SEED", random.randrange(1 << 30)))
chance = random.Random(seed)
PATIENCE = 60  # seconds; only a defect makes anybody wait that long
TASKS = 8
own_postgres = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../support/private-postgres")

FILE = """
name: load
plugins: {receiver: {on: workers}}
state: {log: {type: array, items: {type: integer}, reducer: append}, n: integer}
nodes:
  plan:
    lua: |
      local out = list{}
      for i = 1, state.n do out[#out + 1] = {send = "deliver", input = i} end
      return {go_to = out}
    destinations: [deliver]
  deliver: {type: receiver.deliver, input: send, options: {folder: "${FOLDER}"}}
  again: {lua: "return {log = list{0}}", placement: workers, defer: true}
edges: [start -> plan, deliver -> again, again -> END]
store: {store}
limits: {durability: sync}
"""


def fail(why):
    for log in sorted(pathlib.Path(".").glob("*.log")):
        print(f"--- {log}\n{log.read_text()[-3000:]}")
    sys.exit(f"{os.path.basename(sys.argv[0])}: MCP_TEST_SEED={seed}: {why}")


def until(what, check):
    """Asks again and again, as another process cannot be waited for; only a defect takes long."""
    end = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > end:
            fail(f"waited in vain until {what}")
        time.sleep(0.01)


class Networks:
    """A network for each of the names, all on one switch."""

    def __init__(self, names):
        self.prefix = f"mcp{os.getpid()}-"
        self.hub = self.prefix + "hub"
        self.names = names
        self.made = []
        self.add(self.hub)
        self.run("-n", self.hub, "link", "add", "switch", "type", "bridge")
        self.run("-n", self.hub, "link", "set", "switch", "up")
        for i, name in enumerate(names):
            space = self.space(name)
            self.add(space)
            self.run("-n", self.hub, "link", "add", f"port{i}", "type", "veth", "peer", "name", "cable", "netns", space)
            self.run("-n", self.hub, "link", "set", f"port{i}", "master", "switch", "up")
            self.run("-n", space, "address", "add", self.address(name) + "/24", "dev", "cable")
            self.run("-n", space, "link", "set", "cable", "up")
            self.run("-n", space, "link", "set", "lo", "up")

    def run(self, *arguments):
        subprocess.run(["ip", *arguments], check=True)

    def add(self, space):
        self.run("netns", "add", space)
        self.made.append(space)

    def remove(self):
        for space in self.made:
            self.run("netns", "del", space)

    def space(self, name):
        return self.prefix + name

    def address(self, name):
        return f"10.213.0.{self.names.index(name) + 1}"

    def plug(self, name, state):
        self.run("-n", self.hub, "link", "set", f"port{self.names.index(name)}", state)

    def swallow(self, what, sender, receiver):
        """The sender's packets to the receiver vanish ("add"), or no longer do ("del")."""
        self.run("-n", self.space(sender), "route", what, "blackhole", self.address(receiver) + "/32")


class Member:
    def __init__(self, name, networks, *arguments):
        self.name = name
        self.command = [program, *arguments]
        if mode in ("tls", "netns"):
            use = ["--server"] if "serve" in arguments else []
            subprocess.run([program, "pki", "issue", "pki", name, *use], check=True, stdout=subprocess.DEVNULL)
            self.command += ["--cert", f"pki/{name}.crt", "--key", f"pki/{name}.key", "--authority", "pki/authority.crt"]
        if networks:
            self.command = ["ip", "netns", "exec", networks.space(name), *self.command]
        self.start()

    def start(self):
        with open(f"{self.name}.log", "a") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def signal(self, number):
        self.process.send_signal(number)
        if number in (signal.SIGKILL, signal.SIGTERM):
            self.process.wait(PATIENCE)


class Database:
    """A PostgreSQL of the test's own, in the folder "db"."""

    def __init__(self, networks):
        self.folder = os.path.realpath("db")
        os.mkdir(self.folder)
        os.chmod(".", 0o755)
        self.space = ["ip", "netns", "exec", networks.space("db")] if networks else []
        self.place = (networks.address("db") if networks else "127.0.0.1", str(free_port()))
        self.target = self.start()
        # Whoever stands beside the members reaches it without a network.
        self.near = f"postgres:host={self.folder} port={self.place[1]} user=test dbname=postgres"

    def start(self):
        done = subprocess.run([*self.space, own_postgres, "start", self.folder, *self.place],
                              stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(done.returncode)
        return done.stdout.strip()

    def script(self, command):
        return subprocess.run([own_postgres, command, self.folder], check=True, stdout=subprocess.PIPE, text=True).stdout

    def processes(self):
        main = self.script("pid").strip()
        children = pathlib.Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [int(one) for one in [main, *children]]

    def ask(self, sql):
        done = subprocess.run(["psql", self.near.removeprefix("postgres:"), "-Atc", sql], capture_output=True, text=True)
        return done.stdout.split() if done.returncode == 0 else None

    def servers(self):
        return set(self.ask("SELECT name FROM fastmcp.servers") or [])


def ask(*arguments, check=True):
    """The answer of a command; without `check`, None when it fails."""
    done = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if check:
        fail(f"{arguments}: {done.stdout}{done.stderr}")
    return None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def prepare():
    """The folder of a test, with the load's file and certificates."""
    pathlib.Path("effects").mkdir()
    os.environ["FOLDER"] = os.path.realpath("effects")
    if mode in ("tls", "netns"):
        subprocess.run([program, "pki", "init", "pki"], check=True, stdout=subprocess.DEVNULL)


def check_runs(threads, *where):
    """All have ended as without faults, and every effect has one key; how many happened twice."""
    expected = sorted(range(1, TASKS + 1)) + [0]
    for thread in threads:
        state = ask("state", thread, "load.yaml", *where)
        log = state["values"]["log"]
        if state["status"] != "done" or sorted(log[:-1]) + log[-1:] != expected:
            fail(f"thread {thread}: {state}")
    effects = os.listdir("effects")
    if len(effects) != TASKS * len(threads):
        fail(f"{len(effects)} effects of {TASKS * len(threads)} tasks")
    return sum(len(pathlib.Path("effects", one).read_text().splitlines()) > 1 for one in effects)


def end(members):
    for one in members:
        one.signal(signal.SIGTERM)
        if one.process.returncode != 0:
            fail(f"{one.name} ended with {one.process.returncode}")


def run(main, names):
    """Calls `main` in a folder of its own, with networks or None."""
    os.chdir(tempfile.mkdtemp(prefix=os.path.basename(sys.argv[0])))
    if mode != "netns":
        return main(None)
    if os.geteuid() != 0 or not shutil.which("ip"):
        print("skipped: networks of their own take root and iproute2")
        sys.exit(77)
    networks = Networks(names)
    try:
        main(networks)
    finally:
        networks.remove()
