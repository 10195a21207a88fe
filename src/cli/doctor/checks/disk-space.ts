import { lowDiskBytes } from '../../status/disk-space.ts'
import { defineCheck, failure, ok, warning, worst } from '../check.ts'
import type { Machine, Space } from '../machine.ts'

export interface Place {
  readonly what: string
  readonly path: string
  readonly space: Space | undefined
}

/** The node evicts pods there (nodefs 10 %, imagefs 15 %); one value for all is easier to remember. */
const lowShare = 0.15

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

export const places = (machine: Machine): Place[] =>
  [
    { what: 'data', path: machine.directory.path },
    { what: 'containerd', path: machine.node.containerdRoot },
    { what: 'container logs', path: machine.node.logs },
    { what: 'logs of the machine', path: '/var/log' },
  ].map(place => ({ ...place, space: machine.space(place.path) }))

export const diskSpace = defineCheck<readonly Place[]>({
  id: 'disk-space',
  group: 'Disk',
  title: 'free space',
  reads: 'the file systems of the data directory, of containerd, and of logs',
  read: places,
  evaluate(found) {
    const verdicts = found.flatMap(({ what, path, space }) => {
      if (space === undefined || space.bytes === 0) return []
      const text = `${what}: ${gibibytes(space.freeBytes)} of ${gibibytes(space.bytes)} free`
      if (space.freeBytes < lowDiskBytes) return [failure(`${text}: writes are refused`, `du -xh --max-depth=2 ${path} | sort -h | tail`)]
      if (space.freeBytes < space.bytes * lowShare)
        return [warning(`${text}: nodes evict pods`, `du -xh --max-depth=2 ${path} | sort -h | tail`)]
      return [ok(text)]
    })
    const [first] = verdicts
    return worst(verdicts, first?.detail ?? 'no file system found')
  },
})
