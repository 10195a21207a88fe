import { open, stat } from 'node:fs/promises'
import { codeOf } from '../../../base/user-error.ts'
import { isMountPoint } from '../../machine/mount-table.ts'
import type { BackEnd } from '../back-end.ts'
import { formatExt4, growExt4, makeContent, mountExt4, resizeLoop, unmountPatiently } from '../image-file.ts'
import type { VolumePlace } from '../volume-place.ts'

const control = '/dev/mapper/control'
const deviceOf = ({ mapping }: VolumePlace): string => `/dev/mapper/${mapping}`
/** The key is random: stretching it would only cost time. */
const cheapest = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000']
const keyInput = ['--key-file', '-', '--batch-mode']

/** dm-crypt: the whole file system is encrypted, names, sizes and times too. */
export const luks: BackEnd = {
  name: 'luks',
  // Of LUKS2.
  overheadBytes: 16 * 2 ** 20,
  packages: 'cryptsetup-bin',
  async impossible() {
    // The name alone says nothing: opening it loads the kernel module, where there is one.
    try {
      await (await open(control, 'r+')).close()
      return undefined
    } catch (err) {
      return `the kernel has no device mapper ("${control}": ${codeOf(err)})`
    }
  },
  async format(place, key, run, files) {
    await run('cryptsetup', ['luksFormat', '--type', 'luks2', ...cheapest, ...keyInput, place.image], key)
    await run('cryptsetup', ['open', '--type', 'luks2', ...keyInput, place.image, place.mapping], key)
    try {
      await formatExt4(deviceOf(place), [], run, files)
    } finally {
      await run('cryptsetup', ['close', place.mapping])
    }
  },
  async open(place, key, run) {
    if (!(await isThere(deviceOf(place))))
      await run('cryptsetup', ['open', '--type', 'luks2', ...keyInput, place.image, place.mapping], key)
    await mountExt4(place, deviceOf(place), [], run)
    await makeContent(place.content)
  },
  isOpen: place => isMountPoint(place.mountPoint),
  async close(place, run) {
    await unmountPatiently(place.mountPoint, run)
    if (await isThere(deviceOf(place))) await run('cryptsetup', ['close', '--deferred', place.mapping])
  },
  async grow(place, key, run) {
    await resizeLoop(place.image, run)
    await run('cryptsetup', ['resize', ...keyInput, place.mapping], key)
    await run('resize2fs', [deviceOf(place)])
  },
  async growClosed(place, key, run) {
    await run('cryptsetup', ['open', '--type', 'luks2', ...keyInput, place.image, place.mapping], key)
    try {
      await growExt4(deviceOf(place), run)
    } finally {
      await run('cryptsetup', ['close', place.mapping])
    }
  },
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (err) {
    if (err instanceof Error && 'code' in err && (err.code === 'ENOENT' || err.code === 'ENXIO')) return false
    throw err
  }
}
