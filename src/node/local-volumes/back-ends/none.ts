import { isMountPoint } from '../../machine/mount-table.ts'
import type { BackEnd } from '../back-end.ts'
import { formatExt4, growExt4, makeContent, mountExt4, resizeLoop, unmountPatiently } from '../image-file.ts'

/** In clear, only for classes that an administrator made so: whoever has the disk reads it. */
export const none: BackEnd = {
  name: 'none',
  overheadBytes: 0,
  packages: 'e2fsprogs',
  format: (place, _key, run, files) => formatExt4(place.image, [], run, files),
  async open(place, _key, run) {
    await mountExt4(place, place.image, ['loop'], run)
    await makeContent(place.content)
  },
  isOpen: place => isMountPoint(place.mountPoint),
  close: (place, run) => unmountPatiently(place.mountPoint, run),
  async grow(place, _key, run) {
    await run('resize2fs', [await resizeLoop(place.image, run)])
  },
  growClosed: (place, _key, run) => growExt4(place.image, run),
}
