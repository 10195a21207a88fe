// Gives a volume to the pod's fsGroup, as the kubelet does. Other pods may use the volume at the same time and put links into it: each
// entry is opened from its folder's descriptor without following links, and changed through its own descriptor.
import { constants } from 'node:fs'
import { type FileHandle, lchown, open, readdir } from 'node:fs/promises'

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const setGroupId = 0o2000
/** What the group may do: read and write; search folders too. */
const fileBits = 0o660
const folderBits = fileBits | 0o110 | setGroupId

/** `onlyIfNeeded`: a folder that is the group's already is left with all that is in it (fsGroupChangePolicy OnRootMismatch). */
export async function ownVolume(path: string, group: number, onlyIfNeeded: boolean): Promise<void> {
  const root = await open(path, openFlags | constants.O_DIRECTORY)
  try {
    const { gid, mode } = await root.stat()
    if (onlyIfNeeded && gid === group && (mode & folderBits) === folderBits) return
    await ownFolder(root, group)
  } finally {
    await root.close()
  }
}

async function ownFolder(folder: FileHandle, group: number): Promise<void> {
  const path = `/proc/self/fd/${folder.fd}`
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = `${path}/${entry.name}`
    // Links, sockets and devices have a group, but no mode of ours.
    if (!entry.isDirectory() && !entry.isFile()) {
      await lchown(child, -1, group)
      continue
    }
    const handle = await open(child, openFlags)
    try {
      const found = await handle.stat()
      if (found.isDirectory()) await ownFolder(handle, group)
      else if (found.isFile()) await give(handle, group, fileBits)
    } finally {
      await handle.close()
    }
  }
  // Last, so that a folder which is the group's has only what is the group's too.
  await give(folder, group, folderBits)
}

async function give(handle: FileHandle, group: number, bits: number): Promise<void> {
  const { uid, mode } = await handle.stat()
  await handle.chown(uid, group)
  await handle.chmod((mode & 0o7777) | bits)
}
