// Gives a volume to the pod's fsGroup, as the kubelet does. Other pods may use the volume at the same time and create links in it: each
// entry is opened from its folder's descriptor without following links, and changed through its own descriptor.
import { constants } from 'node:fs'
import { type FileHandle, lchown, open, readdir } from 'node:fs/promises'

const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const setGroupId = 0o2000
/** Permissions of the group: read and write; search in folders. */
const fileBits = 0o660
const folderBits = fileBits | 0o110 | setGroupId

/** `onlyIfNeeded`: skips a folder that already belongs to the group, with all its content (fsGroupChangePolicy OnRootMismatch). */
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
    // Links, sockets and devices get the group, but no mode.
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
  // Last, so that a folder of the group contains only files of the group.
  await give(folder, group, folderBits)
}

async function give(handle: FileHandle, group: number, bits: number): Promise<void> {
  const { uid, mode } = await handle.stat()
  await handle.chown(uid, group)
  await handle.chmod((mode & 0o7777) | bits)
}
