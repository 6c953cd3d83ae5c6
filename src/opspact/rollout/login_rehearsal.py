"""A host's login rehearsed: what its own sshd and sudo say with other settings, in a view of /etc that nobody else has.

In: a session, steps that would be made and removed. Out: which of them would cut the run off, and why.

The view is a private mount namespace whose /etc is a copy in memory: what is changed there is gone with the question.
"""

import io
import tarfile
from collections.abc import Sequence
from shlex import quote

from opspact.fleet.session import Session
from opspact.fleet.shell_words import stored_input
from opspact.rollout.login_settings import Answers, Route, losses
from opspact.steps.base import Step
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.structs import Struct

_ROOT = "/etc/"
_SHELL = "/bin/sh -c :"

# Before sshd asks for a key, libwrap decides by address (nothing that a rule says is run here), and after it PAM
# whether the account may be used. Only what can be asked is said; 0 lets the run in.
_DOORS = """
import sys
user,client=(word.encode() for word in sys.argv[1:3])
try:
    import ctypes,socket
    wrap=ctypes.CDLL("libwrap.so.0")
    try: name=socket.gethostbyaddr(client.decode())[0].encode()
    except OSError: name=b"unknown"
    closed=[]
    for daemon in (b"sshd",b"sshd-session"):
        ctypes.c_int.in_dll(wrap,"dry_run").value=1
        if not wrap.hosts_ctl(daemon,name,client,b"unknown"): closed.append(daemon)
    print("door hosts",len(closed))
except (AttributeError,ImportError,OSError,ValueError): pass
try:
    import ctypes
    pam,handle=ctypes.CDLL("libpam.so.0"),ctypes.c_void_p()
    talk=ctypes.CFUNCTYPE(*[ctypes.c_int]*2,*[ctypes.c_void_p]*3)(lambda *_:19)
    class Conversation(ctypes.Structure): _fields_=[("talk",type(talk)),("data",ctypes.c_void_p)]
    state=pam.pam_start(b"sshd",user,ctypes.byref(Conversation(talk,None)),ctypes.byref(handle))
    for item,value in ((3,b"ssh"),(4,client)): state=state or pam.pam_set_item(handle,item,value)
    state=state or pam.pam_acct_mgmt(handle,0x8000)
    print("door pam",state)
    pam.pam_end(handle,state)
except (AttributeError,ImportError,OSError,ValueError): pass
"""

# sudo is asked twice: whether it would give the user a shell of root's at all, then whether without a password. The
# second one is tried, with the user's rights, only where the first says yes: a refusal might be reported by mail.
# The files of keys are in the user's hands: they are read with the user's rights.
_ASK = f"""\
user=$1 spec=$2 sshd=/usr/sbin/sshd without=1
sudo -l -U "$user" -- {_SHELL} >/dev/null 2>&1 </dev/null
listed=$?
if [ "$listed" = 0 ]; then
  runuser -u "$user" -- sudo -n -H -- {_SHELL} >/dev/null 2>&1 </dev/null
  without=$?
fi
addr=${{spec#*,addr=}}
doors=$(timeout 30 python3 -I -S -c {quote(_DOORS)} "$user" "${{addr%%,*}}" </dev/null) || exit
groups=$(id -Gn -- "$user") && home=$(getent passwd "$user" | cut -d: -f6) && uid=$(id -u -- "$user") || exit
printf '%s %s\\n%s\\n%s\\n' "$listed" "$without" "$groups" "$doors"
options=$(sed -n 's/^SSHD_OPTS=//p' /etc/default/ssh 2>/dev/null | tail -n 1 | tr -d '\\042\\047')
if settings=$("$sshd" $options -T -C "$spec" 2>&1 </dev/null); then
  set -f
  for file in $(printf '%s\\n' "$settings" | sed -n 's/^authorizedkeysfile //p'); do
    file=$(printf '%s\\n' "$file" | sed "s#%h#$home#g; s#%u#$user#g; s#%U#$uid#g; s#%%#%#g")
    case $file in none) continue ;; /*) ;; *) file=$home/$file ;; esac
    printf 'file %s\\n' "$file"
    runuser -u "$user" -- head -c 1048576 -- "$file" 2>/dev/null </dev/null | sed 's/^/key /'
    echo
  done
  printf '%s\\n' "$settings" | sed 's/^/sshd /'
else
  printf '%s\\n' "$settings" | tail -n 1 | sed 's/^/failure /'
fi
"""
# Another /tmp, in memory: the place exists everywhere, and nothing that is asked needs the host's own.
_VIEW = "set -e\nmount -t tmpfs -o mode=0755 tmpfs /tmp\n"
_REHEARSAL = f"""\
cp -a /etc /tmp/etc
mount --bind /tmp/etc /etc
user=$1 spec=$2
shift 2
for change do
  what=${{change%%:*}} name=${{change#*:}}
  case $what in
    remove)
      if [ -d "$name" ] && [ ! -h "$name" ]
      then rmdir --ignore-fail-on-non-empty -- "$name"
      else rm -f -- "$name"
      fi ;;
    *) awk -F: -v OFS=: -v what="$what" -v group="$name" -v user="$user" '
         $1 == group {{
           count = split($4, names, ","); $4 = ""
           if (what == "join") names[++count] = user
           for (i = 1; i <= count; i++) if (what == "join" || names[i] != user) $4 = $4 ($4 == "" ? "" : ",") names[i]
         }} {{ print }}' /etc/group >/tmp/group
       cat /tmp/group >/etc/group ;;
  esac
done
tar -xpf /tmp/made -C /
set +e
set -- "$user" "$spec"
{_ASK}"""


class Changes(Struct):
    """The steps that a plan would make on a host and those that it would remove there."""

    made: tuple[Step, ...] = ()
    removed: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them."""
        return (*self.made, *self.removed)

    def only(self, steps: Sequence[Step]) -> "Changes":
        """Return those that are among the given ones."""
        return Changes(tuple(it for it in self.made if it in steps), tuple(it for it in self.removed if it in steps))

    @property
    def data(self) -> bytes:
        """An archive of what the steps put below /etc."""
        held = io.BytesIO()
        with tarfile.open(fileobj=held, mode="w") as archive:
            for step in self.made:
                match step:
                    case File():
                        archive.addfile(_entry(step, tarfile.REGTYPE), io.BytesIO(step.content.data))
                    case Directory():
                        archive.addfile(_entry(step, tarfile.DIRTYPE))
                    case Link():
                        link = tarfile.TarInfo(step.path.lstrip("/"))
                        link.type, link.linkname = tarfile.SYMTYPE, step.target
                        archive.addfile(link)
                    case _:
                        pass
        return held.getvalue()

    @property
    def words(self) -> tuple[str, ...]:
        """What else changes: paths that go, groups that the user joins or leaves."""
        joined = (f"join:{step.group}" for step in self.made if isinstance(step, Membership))
        left = (f"leave:{step.group}" for step in self.removed if isinstance(step, Membership))
        gone = (f"remove:{path}" for step in self.removed for path in step.paths if path.startswith(_ROOT))
        return (*gone, *joined, *left)


def _entry(step: File | Directory, kind: bytes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(step.path.lstrip("/"))
    entry.type, entry.mode, entry.uname, entry.gname = kind, int(step.mode, 8), step.owner, step.group
    entry.size = len(step.content.data) if isinstance(step, File) else 0
    return entry


def rehearse(session: Session, route: Route, changes: Changes, *, now: Answers) -> dict[str, str]:
    """Given how a run came to a host and what it would change, return by identity which steps cut it off, and why.

    `now`: what the host says as it is. Where several steps together cut the run off, those are named that do so after
    the ones before them. Raise ValueError when the host cannot say.
    """

    def lost(steps: Sequence[Step]) -> tuple[str, ...]:
        return losses(route, now, _ask(session, route, changes.only(steps)))

    steps = changes.steps
    if not steps or not lost(steps):
        return {}
    found: dict[str, str] = {}
    kept: list[Step] = []
    for step in steps:
        if why := lost([*kept, step]):
            found[step.identity] = f"after it, {why[0]}"
        else:
            kept.append(step)
    return found


def ask(session: Session, route: Route) -> Answers:
    """Given how a run came to a host, return what the host says as it is. Raise ValueError when it cannot say."""
    return _answers(session, f"/bin/sh -c {quote(_ASK)} sh {_words(route)}", b"")


def _ask(session: Session, route: Route, changes: Changes) -> Answers:
    words = f"{_words(route)} {' '.join(map(quote, changes.words))}"
    data = changes.data
    script = f"{_VIEW}{stored_input('/tmp/made', data)} || exit 1\n{_REHEARSAL}"  # noqa: S108 - in a view of its own
    return _answers(session, f"unshare --mount /bin/sh -c {quote(script)} sh {words}", data)


def _words(route: Route) -> str:
    spec = f"user={route.user},host={route.client},addr={route.client},laddr={route.server},lport={route.port}"
    return f"{quote(route.user)} {quote(spec)}"


def _answers(session: Session, command: str, data: bytes) -> Answers:
    done = session.run(command, input=data)
    lines = done.stdout.decode("utf-8", "replace").split("\n")
    if done.rc != 0 or len(lines) < 3:  # noqa: PLR2004 - the status of sudo, the groups, something of sshd
        raise ValueError(done.stderr.decode("utf-8", "replace").strip()[-200:] or f"exit status {done.rc}")
    listed, without = lines[0].split()
    said: dict[str, list[str]] = {}
    for line in lines[2:]:
        word, _, value = line.partition(" ")
        said.setdefault(word, []).append(value)
    settings: dict[str, tuple[str, ...]] = {}
    for line in said.get("sshd", ()):
        name, _, value = line.partition(" ")
        settings[name] = (*settings.get(name, ()), *value.split())
    return Answers(
        sudo=(int(listed), int(without)),
        groups=tuple(lines[1].split()),
        keys=tuple(said.get("key", ())),
        files=tuple(said.get("file", ())),
        sshd=settings,
        failure="".join(said.get("failure", ())),
        doors=dict(line.split(" ", 1) for line in said.get("door", ())),
    )
