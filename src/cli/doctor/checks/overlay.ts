import { defineCheck, failure } from '../check.ts'
import { featureVerdict, type Presence, presenceOf } from '../kernel.ts'

export const overlay = defineCheck<Presence>({
  id: 'overlay',
  group: 'Kernel',
  title: 'overlay file system',
  reads: '/proc/filesystems, modules and configuration of the kernel',
  forNodes: true,
  read: machine => presenceOf(machine, { fileSystem: 'overlay', option: 'CONFIG_OVERLAY_FS' }),
  evaluate: presence => featureVerdict(presence, 'overlay', failure, 'containers cannot start'),
})
