import { chmod, mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMountPoint } from '../../machine/mount-table.ts'
import type { BackEnd } from '../back-end.ts'
import { formatExt4, growExt4, makeContent, mountExt4, resizeLoop, unmountPatiently } from '../image-file.ts'
import type { VolumePlace } from '../volume-place.ts'

const cipherOf = ({ mountPoint }: VolumePlace): string => join(mountPoint, 'cipher')
/** The key is random: stretching it would only cost time. */
const cheapest = ['-scryptn', '10']
const passphrase = (key: Buffer): Buffer => Buffer.from(`${key.toString('hex')}\n`)

/** A process in user space that encrypts names and content. Sizes, times and the number of files stay visible on the disk. */
export const gocryptfs: BackEnd = {
  name: 'gocryptfs',
  overheadBytes: 0,
  packages: 'gocryptfs fuse3',
  format: (place, _key, run, files) => formatExt4(place.image, [], run, files),
  async open(place, key, run) {
    await mountExt4(place, place.image, ['loop'], run)
    const cipher = cipherOf(place)
    const settings = join(cipher, 'gocryptfs.conf')
    if (!(await exists(settings))) {
      // An interrupted one has no content yet.
      await rm(cipher, { recursive: true, force: true })
      await mkdir(cipher, { mode: 0o700 })
      await run('gocryptfs', ['-init', '-q', ...cheapest, '--', cipher], passphrase(key))
    }
    // Of a process that was killed.
    if ((await isMountPoint(place.content)) && !(await exists(place.content))) await unmountPatiently(place.content, run)
    if (await isMountPoint(place.content)) return
    await mkdir(place.content, { recursive: true })
    const options = ['-q', '-allow_other', '-noprealloc', '-ko', 'nosuid,nodev']
    await run('gocryptfs', [...options, '--', cipher, place.content], passphrase(key))
    await makeRootWritable(place)
  },
  isOpen: async place => (await isMountPoint(place.content)) && (await exists(place.content)),
  async close(place, run) {
    await unmountPatiently(place.content, run)
    await unmountPatiently(place.mountPoint, run)
  },
  async grow(place, _key, run) {
    await run('resize2fs', [await resizeLoop(place.image, run)])
  },
  growClosed: (place, _key, run) => growExt4(place.image, run),
}

/** Once: later modes are the pods' own. */
async function makeRootWritable(place: VolumePlace): Promise<void> {
  const mark = join(place.mountPoint, 'ready')
  if (await exists(mark)) return
  await chmod(place.content, 0o777)
  await makeContent(mark)
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch {
    // Missing, or a mount whose process is gone.
    return false
  }
}
