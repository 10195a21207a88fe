import { isMountPoint } from '../../machine/mount-table.ts'
import type { BackEnd } from '../back-end.ts'
import { formatExt4, growExt4, makeContent, mountExt4, resizeLoop, unmountPatiently } from '../image-file.ts'
import { ProgramFailed, type RunVolumeProgram } from '../program.ts'
import type { VolumePlace } from '../volume-place.ts'

const identifier = /\b[0-9a-f]{32}\b/

/**
 * ext4's own encryption of names and content, with the key in the kernel's keyring of this one file system. Sizes, times and the number of
 * files stay visible on the disk.
 */
export const fscrypt: BackEnd = {
  name: 'fscrypt',
  overheadBytes: 0,
  packages: 'e2fsprogs xfsprogs',
  format: (place, _key, run, files) => formatExt4(place.image, ['encrypt'], run, files),
  async open(place, key, run) {
    await mountExt4(place, place.image, ['loop'], run)
    // An unchanged key again is success.
    const id = identifier.exec(await run('xfs_io', ['-c', 'add_enckey', place.mountPoint], key))?.[0]
    if (id === undefined) throw new Error(`the kernel did not take the key of volume "${place.name}"`)
    // A folder that exists has its policy: it would be empty otherwise.
    await makeContent(place.content)
    const policy = await policyOf(place, run)
    if (policy === id) return
    if (policy === undefined) await run('xfs_io', ['-c', `set_encpolicy -v 2 ${id}`, place.content])
    else {
      await run('xfs_io', ['-c', `rm_enckey ${id}`, place.mountPoint])
      throw new Error(`the key does not belong to volume "${place.name}"`)
    }
    // The program reports success for a policy that the kernel refused.
    if ((await policyOf(place, run)) !== id) throw new Error(`volume "${place.name}" could not be encrypted`)
  },
  async isOpen(place, run) {
    if (!(await isMountPoint(place.mountPoint))) return false
    const policy = await policyOf(place, run).catch(() => undefined)
    return policy !== undefined && (await run('xfs_io', ['-c', `enckey_status ${policy}`, place.mountPoint])).startsWith('Present')
  },
  async close(place, run) {
    if (!(await isMountPoint(place.mountPoint))) return
    const policy = await policyOf(place, run).catch(() => undefined)
    // Before unmounting: another mount namespace may hold the file system longer, and must not keep the key.
    if (policy !== undefined) await run('xfs_io', ['-c', `rm_enckey ${policy}`, place.mountPoint]).catch(() => undefined)
    await unmountPatiently(place.mountPoint, run)
  },
  async grow(place, _key, run) {
    await run('resize2fs', [await resizeLoop(place.image, run)])
  },
  growClosed: (place, _key, run) => growExt4(place.image, run),
}

/** The identifier of the content's key; undefined if it is not encrypted. */
async function policyOf({ content }: VolumePlace, run: RunVolumeProgram): Promise<string | undefined> {
  const text = await run('xfs_io', ['-r', '-c', 'get_encpolicy', content]).catch((err: unknown) => {
    if (err instanceof ProgramFailed && err.message.endsWith('No data available')) return ''
    throw err
  })
  return /Master key identifier: ([0-9a-f]{32})/.exec(text)?.[1]
}
