import { defineCheck, failure, notApplicable, ok } from '../check.ts'

interface Facts {
  readonly value: string | undefined
  readonly runs: boolean
}

export const ipForward = defineCheck<Facts>({
  id: 'ip-forward',
  group: 'Limits',
  title: 'forwarding of packets',
  reads: '/proc/sys/net/ipv4/ip_forward while a node runs',
  forNodes: true,
  read: ({ text, up }) => ({
    value: text('/proc/sys/net/ipv4/ip_forward')?.trim(),
    runs: up?.parts.some(({ name, state }) => name === 'node' && state === 'ready') ?? false,
  }),
  evaluate({ value, runs }) {
    if (value === '1') return ok('on')
    if (!runs) return notApplicable('off; the node switches it on')
    return failure('something switched it off under the running node: pods reach nobody', 'sysctl -w net.ipv4.ip_forward=1')
  },
})
