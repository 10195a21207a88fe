import { defineCheck, notApplicable, ok, warning } from '../check.ts'

interface Facts {
  readonly value: string | undefined
}

export const bridgeFilter = defineCheck<Facts>({
  id: 'bridge-filter',
  group: 'Limits',
  title: 'rules for bridged packets',
  reads: '/proc/sys/net/bridge/bridge-nf-call-iptables',
  forNodes: true,
  read: machine => ({ value: machine.text('/proc/sys/net/bridge/bridge-nf-call-iptables')?.trim() }),
  evaluate({ value }) {
    if (value === undefined) return notApplicable('no br_netfilter; the node routes, without a bridge')
    if (value === '1') return ok('on')
    return warning('off: rules do not see packets on bridges of other CNI plug-ins', 'sysctl -w net.bridge.bridge-nf-call-iptables=1')
  },
})
