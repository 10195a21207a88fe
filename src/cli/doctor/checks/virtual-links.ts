import { defineCheck, failure } from '../check.ts'
import { featureVerdict, type Presence, presenceOf } from '../kernel.ts'

export const virtualLinks = defineCheck<Presence>({
  id: 'virtual-links',
  group: 'Kernel',
  title: 'virtual interfaces (veth)',
  reads: 'modules and configuration of the kernel',
  forNodes: true,
  read: machine => presenceOf(machine, { module: 'veth', option: 'CONFIG_VETH' }),
  evaluate: presence => featureVerdict(presence, 'veth', failure, 'pods get no network'),
})
