import { defineCheck, failure, notApplicable, ok, warning } from '../check.ts'

interface Facts {
  readonly most: string | undefined
  readonly now: string | undefined
}

/** Above it, new connections are about to be dropped. */
const fullShare = 0.8

export const conntrack = defineCheck<Facts>({
  id: 'conntrack',
  group: 'Kernel',
  title: 'connection tracking',
  reads: '/proc/sys/net/netfilter/nf_conntrack_max and nf_conntrack_count',
  forNodes: true,
  read: machine => ({
    most: machine.text('/proc/sys/net/netfilter/nf_conntrack_max'),
    now: machine.text('/proc/sys/net/netfilter/nf_conntrack_count'),
  }),
  evaluate({ most, now }) {
    if (most === undefined) return failure('missing: Services cannot be reached', 'modprobe nf_conntrack')
    const [limit, used] = [Number(most), Number(now ?? 0)]
    if (!Number.isSafeInteger(limit) || limit <= 0) return notApplicable('the kernel has no limit')
    const text = `${used} of ${limit} connections`
    return used > limit * fullShare
      ? warning(`${text}: new ones are dropped when it is full`, `sysctl -w net.netfilter.nf_conntrack_max=${limit * 2}`)
      : ok(text)
  },
})
