import { missingWireGuard } from '../../../network/links/link-device.ts'
import { defineCheck, ok, warning } from '../check.ts'

interface Facts {
  readonly missing: boolean
  readonly inKernel: boolean
}

export const wireguard = defineCheck<Facts>({
  id: 'wireguard',
  group: 'Kernel',
  title: 'WireGuard',
  reads: '/sys/module/wireguard, and where wireguard-go and wg are',
  forNodes: true,
  read: machine => ({
    missing: missingWireGuard(path => machine.exists(path)) !== undefined,
    inKernel: machine.exists('/sys/module/wireguard'),
  }),
  evaluate({ missing, inKernel }) {
    if (!missing) return ok(inKernel ? 'in the kernel' : 'wireguard-go')
    return warning('missing: this machine cannot be one of several nodes', 'apt-get install wireguard-go wireguard-tools')
  },
})
