// Assigns each node a range of pod addresses from the cluster's range.

import { addressText, overlap, rangeOf } from '../../api/addresses/ipv4-range.ts'
import { nodes } from '../../client/resources.ts'
import { type Controller, done } from '../controller.ts'
import { nodeController } from './node-identity.ts'

export const nodeIpam: Controller = {
  name: 'node-ipam-controller',
  needs: 'allocateNodeCidrs',
  eventSource: 'cidrAllocator',
  identity: nodeController,
  watches: nodes,
  // One at a time: two nodes must not get one range.
  workers: 1,
  begin({ client, informers, settings, events }) {
    const cache = informers.full(nodes)
    // The cache may lag behind this controller's own writes.
    const given = new Map<string, string>()
    return async (key, signal) => {
      const node = cache.getByKey(key)
      if (node === undefined) given.delete(key)
      if (node === undefined || node.metadata.deletionTimestamp !== undefined || (node.spec?.podCIDR ?? '') !== '') return done
      const used = new Set([
        ...given.values(),
        ...cache.list().flatMap(({ spec }) => spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])),
      ])
      const podCIDR = given.get(key) ?? nextRange(settings.clusterCidr, settings.nodeCidrMaskSize, used)
      if (podCIDR === undefined) {
        const reference = { kind: 'Node', name: key, uid: node.metadata.uid ?? '', namespace: '' }
        events.record(reference, 'Normal', 'CIDRNotAvailable', `Node ${key} status is now: CIDRNotAvailable`)
        throw new Error(`Cannot give node "${key}" pod addresses: ${settings.clusterCidr} has no free /${settings.nodeCidrMaskSize}`)
      }
      given.set(key, podCIDR)
      await client.patch(nodes, '', key, { spec: { podCIDR, podCIDRs: [podCIDR] } }, { type: 'strategic' }, signal)
      return done
    }
  },
}

/** The lowest IPv4 range of this size that overlaps none of `used`; undefined if all are taken. Throws if `cluster` is no IPv4 range. */
export function nextRange(cluster: string, size: number, used: ReadonlySet<string>): string | undefined {
  const whole = rangeOf(cluster)
  const step = 2 ** (32 - size)
  if (whole === undefined || step > whole.last - whole.first + 1) throw new RangeError(`Cannot divide "${cluster}" into ranges of /${size}`)
  const taken = [...used].map(rangeOf).filter(range => range !== undefined)
  for (let first = whole.first; first <= whole.last; first += step) {
    const part = { first, last: first + step - 1 }
    if (!taken.some(range => overlap(range, part))) return `${addressText(first)}/${size}`
  }
  return undefined
}
