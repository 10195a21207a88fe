import { defineCheck, warning } from '../check.ts'
import { featureVerdict, type Presence, presenceOf } from '../kernel.ts'

export const bridge = defineCheck<Presence>({
  id: 'bridge',
  group: 'Kernel',
  title: 'bridge',
  reads: 'modules and configuration of the kernel',
  forNodes: true,
  read: machine => presenceOf(machine, { module: 'bridge', option: 'CONFIG_BRIDGE' }),
  evaluate: presence =>
    featureVerdict(presence, 'bridge', warning, 'CNI plug-ins that use a bridge do not work; the node routes without one'),
})
