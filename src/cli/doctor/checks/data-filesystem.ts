import { defineCheck, failure, notApplicable, ok, warning, worst } from '../check.ts'

interface Mount {
  readonly point: string
  readonly type: string
  readonly options: readonly string[]
}

interface Facts {
  readonly path: string
  readonly mount: Mount | undefined
  readonly runsPrograms: boolean
}

/** A lock or a synced write of one machine means nothing to another there. */
const network = ['nfs', 'nfs4', 'cifs', 'smb3', '9p', 'ceph', 'fuse.sshfs', 'fuse.glusterfs', 'glusterfs', 'afs', 'beegfs', 'lustre']
const memory = ['tmpfs', 'ramfs']

export const dataFilesystem = defineCheck<Facts>({
  id: 'data-filesystem',
  group: 'Data directory',
  title: 'file system',
  reads: '/proc/self/mountinfo',
  read(machine) {
    const path = machine.directory.path
    const mount = mountOf(machine.text('/proc/self/mountinfo') ?? '', path)
    return { path, mount, runsPrograms: machine.userId === 0 }
  },
  evaluate({ path, mount, runsPrograms }) {
    if (mount === undefined) return notApplicable('the kernel lists no mounts')
    const { point, type, options } = mount
    const move = `bulkhead up --data-dir DIR   # on a disk of this machine, instead of ${path}`
    return worst(
      [
        ...(network.includes(type)
          ? [failure(`${type} at ${point}: locks and synced writes are not safe on a network file system`, move)]
          : []),
        ...(memory.includes(type) ? [warning(`${type} at ${point}: the cluster is gone after a restart of the machine`, move)] : []),
        ...(runsPrograms && options.includes('noexec')
          ? [failure(`${point} is mounted noexec: containers cannot run`, `mount -o remount,exec ${point}`)]
          : []),
        ...(runsPrograms && options.includes('nodev')
          ? [warning(`${point} is mounted nodev: images with devices do not work`, `mount -o remount,dev ${point}`)]
          : []),
        ...(options.includes('ro')
          ? [failure(`${point} is read-only`, `mount -o remount,rw ${point}`, 'dmesg | tail   # the kernel does this when a disk fails')]
          : []),
        ok(''),
      ],
      `${type} at ${point}`,
    )
  },
})

/** The last mount at the longest folder that has the path. Pure. */
export function mountOf(mountInfo: string, path: string): Mount | undefined {
  let found: Mount | undefined
  for (const line of mountInfo.split('\n')) {
    const fields = line.split(' ')
    const [point = '', options = ''] = fields.slice(4, 6)
    const dash = fields.indexOf('-')
    const isAround = point !== '' && (point === '/' || path === point || path.startsWith(`${point}/`))
    if (!isAround || dash < 0 || (found !== undefined && point.length < found.point.length)) continue
    const all = [...options.split(','), ...(fields[dash + 3] ?? '').split(',')]
    found = { point, type: fields[dash + 1] ?? '', options: all }
  }
  return found
}
