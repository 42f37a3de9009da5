"""What kind of disk a workspace lies on: a local one, one of another computer, or a folder that is copied to the internet."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Literal

from ecoperf_desktop.records import dataclass

_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "9p", "afs", "ncpfs", "davfs", "davfs2", "webdav", "afpfs", "ceph",
    "glusterfs", "lustre", "ocfs2", "gfs2", "beegfs", "fuse.sshfs", "fuse.davfs", "fuse.davfs2", "fuse.rclone", "fuse.gvfsd-fuse",
    "fuse.s3fs", "fuse.glusterfs", "fuse.smbnetfs", "fuse.curlftpfs", "fuse.ceph", "fuse.juicefs", "vboxsf", "prl_fs", "vmhgfs",
    "fuse.vmhgfs-fuse",
})  # fmt: skip

# Folders of programs that copy what changes, as these name them, in small letters; some add a company or a number.
_SYNCED: dict[str, str] = {
    "onedrive": "OneDrive", "dropbox": "Dropbox", "icloud drive": "iCloud Drive", "iclouddrive": "iCloud Drive",
    "mobile documents": "iCloud Drive", "com~apple~clouddocs": "iCloud Drive", "cloudstorage": "CloudStorage",
    "google drive": "Google Drive", "googledrive": "Google Drive", "drivefs": "Google Drive", "nextcloud": "Nextcloud",
    "owncloud": "ownCloud", "nutstore": "坚果云", "nutstore files": "坚果云", "我的坚果云": "坚果云", "坚果云": "坚果云",
    "baidusyncdisk": "百度网盘", "baidunetdiskworkspace": "百度网盘", "百度网盘同步空间": "百度网盘", "wps云盘": "WPS 云盘",
    "wps cloud files": "WPS 云盘", "wpsdrive": "WPS 云盘", "synologydrive": "Synology Drive", "cloudstation": "Synology Drive",
    "seafile": "Seafile", "pclouddrive": "pCloud", "pcloud drive": "pCloud",
}  # fmt: skip
_WITH_MORE = ("onedrive", "dropbox", "google drive", "googledrive")
# What such programs leave in the folder they copy, whatever the folder is called.
_MARKS = ((".stfolder", "Syncthing"), (".dropbox.cache", "Dropbox"))


@dataclass(frozen=True)
class Place:
    """Where a file lies; ``name`` is that of the file system or of the program that copies the folder."""

    kind: Literal["local", "network", "synced"]
    name: str = ""

    @property
    def is_shared(self) -> bool:
        """Say whether others may read or copy the file behind our back, so that a log beside it is not safe."""
        return self.kind != "local"


LOCAL = Place("local")


def place_of(path: Path) -> Place:
    """Return where a file lies or would lie; a disk that tells nothing counts as local."""
    system = _network(path)
    if system:
        return Place("network", system)
    program = _synced(path)
    return Place("synced", program) if program else LOCAL


def _synced(path: Path) -> str:
    for part in path.parent.parts:
        folder = part.lower()
        name = _SYNCED.get(folder.rstrip("0123456789"))
        if name is None and folder.startswith(_WITH_MORE):  # "OneDrive - Company", "Dropbox (Company)", "GoogleDrive-me@example.com"
            name = next((_SYNCED[begin] for begin in _WITH_MORE if folder.startswith((f"{begin} -", f"{begin}-", f"{begin} ("))), None)
        if name is not None:
            return name
    for parent in path.parents:
        for mark, name in _MARKS:
            if os.path.lexists(f"{parent}/{mark}"):
                return name
    return ""


if sys.platform == "win32":

    def _network(path: Path) -> str:
        import ctypes

        drive = path.drive
        if drive.startswith("\\\\") and not drive.startswith(("\\\\?\\", "\\\\.\\")):
            return "UNC"
        if drive.upper().startswith("\\\\?\\UNC"):
            return "UNC"
        remote = 4
        return "network drive" if ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == remote else ""

elif sys.platform == "darwin":

    def _network(path: Path) -> str:
        import ctypes

        local, at_flags, at_name = 0x1000, 64, 72  # of struct statfs with 64-bit inodes
        library = ctypes.CDLL(None)
        ask = getattr(library, "statfs$INODE64", None) or library.statfs
        answer = ctypes.create_string_buffer(4096)
        if ask(os.fsencode(_nearest(path)), answer) != 0:
            return ""
        flags = int.from_bytes(answer.raw[at_flags : at_flags + 4], sys.byteorder)
        name = answer.raw[at_name : at_name + 16].split(b"\0")[0].decode("ascii", "replace")
        return "" if flags & local else name

    def _nearest(path: Path) -> Path:
        return next((one for one in (path, *path.parents) if one.exists()), path)

else:

    def _network(path: Path) -> str:
        try:
            mounts = Path("/proc/self/mounts").read_bytes()
        except OSError:
            return ""
        return network_mount(os.path.realpath(path), mounts)


def network_mount(path: str, mounts: bytes) -> str:
    """Return the file system of the mount that holds ``path`` when it is another computer's, else nothing.

    ``mounts`` is written like /proc/self/mounts: device, folder and kind, blanks as octal escapes; later lines cover earlier ones.
    """
    deepest, found = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        folder = os.fsdecode(_plain(fields[1])).rstrip("/")
        if len(folder) >= deepest and (path == folder or path.startswith(f"{folder}/")):
            deepest, found = len(folder), os.fsdecode(fields[2])
    return found if found in _NETWORK else ""


def _plain(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), field) if b"\\" in field else field
