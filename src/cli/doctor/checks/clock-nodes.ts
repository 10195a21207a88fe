import { defineCheck, failure, notApplicable, ok } from '../check.ts'
import type { NodeClock } from '../cluster-facts.ts'

/** A node renews its lease every 10 s with its own clock: a time in the future is that of a clock that is ahead. */
const aheadMs = 5000
/** Upstream's node-monitor-grace-period: a lease this old is of a node that died, or whose clock is behind. */
const behindMs = 50_000

export const clockNodes = defineCheck<readonly NodeClock[] | undefined>({
  id: 'clock-nodes',
  group: 'Clock',
  title: 'clocks of nodes',
  reads: 'the times in the leases of the nodes',
  read: ({ cluster }) => (cluster?.problem === undefined ? cluster?.nodes : undefined),
  evaluate(nodes) {
    if (nodes === undefined || nodes.length === 0) return notApplicable('no node answers here')
    const bad = nodes.filter(node => node.aheadMs > aheadMs || node.aheadMs < -behindMs)
    if (bad.length === 0) return ok(`${nodes.length} within 5 s ahead of the server, or seen in the last 50 s`)
    const seconds = (ms: number) => `${Math.round(Math.abs(ms) / 1000)} s`
    const texts = bad.map(node =>
      node.aheadMs > 0
        ? `"${node.name}" is ${seconds(node.aheadMs)} ahead`
        : `"${node.name}" was last seen ${seconds(node.aheadMs)} ago, or is behind`,
    )
    return failure(texts.join(', '), 'timedatectl set-ntp true   # on that node')
  },
})
