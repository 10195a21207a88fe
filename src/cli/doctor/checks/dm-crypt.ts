import { defineCheck, warning } from '../check.ts'
import { featureVerdict, type Presence, presenceOf } from '../kernel.ts'

export const dmCrypt = defineCheck<Presence>({
  id: 'dm-crypt',
  group: 'Kernel',
  title: 'dm-crypt',
  reads: 'modules and configuration of the kernel',
  forNodes: true,
  read: machine => presenceOf(machine, { module: 'dm_crypt', option: 'CONFIG_DM_CRYPT' }),
  evaluate: presence => featureVerdict(presence, 'dm_crypt', warning, 'block devices cannot be encrypted by the kernel'),
})
