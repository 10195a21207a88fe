import { defineCheck, warning } from '../check.ts'
import { featureVerdict, type Presence, presenceOf } from '../kernel.ts'

export const fuse = defineCheck<Presence>({
  id: 'fuse',
  group: 'Kernel',
  title: 'FUSE',
  reads: '/dev/fuse, /proc/filesystems',
  forNodes: true,
  read: machine => presenceOf(machine, { file: '/dev/fuse', fileSystem: 'fuse', option: 'CONFIG_FUSE_FS' }),
  evaluate: presence => featureVerdict(presence, 'fuse', warning, 'file systems in user space, such as gocryptfs, cannot be mounted'),
})
