// Writes pod status and final deletions to the API.

import { isReason } from '../../api/status.ts'
import type { Pod, PodStatus } from '../../api/types/core-v1.ts'
import type { Client } from '../../client/client.ts'
import { pods } from '../../client/resources.ts'
import type { PodWriter } from './pod-node.ts'

export function podWriter(client: Client): PodWriter {
  return {
    async writeStatus(pod, status, before, signal) {
      const { namespace = '', name = '' } = pod.metadata
      try {
        await client.patch(pods, namespace, name, statusPatch(pod, status, before), { type: 'strategic', subresource: 'status' }, signal)
      } catch (err) {
        // The pod was removed or replaced by another one of this name: there is nothing to write.
        const isOver = isReason(err, 'NotFound') || (isReason(err, 'Conflict') && before !== undefined)
        if (!isOver) throw err
      }
    },
    async remove(pod, signal) {
      const { namespace = '', name = '', uid } = pod.metadata
      try {
        await client.delete(pods, namespace, name, { gracePeriodSeconds: 0, ...(uid === undefined ? {} : { uid }) }, signal)
      } catch (err) {
        if (!isReason(err, 'NotFound') && !isReason(err, 'Conflict')) throw err
      }
    },
  }
}

/**
 * A strategic merge patch: conditions of other owners stay, lists of containers are replaced. With the uid it fails on another pod of this
 * name. The first patch, which is made from the copy's container statuses, also fails if the pod is no longer that copy. Removed fields
 * must be null, or the merge would keep them.
 */
function statusPatch(pod: Pod, status: PodStatus, before: PodStatus | undefined): object {
  const reported = [pod.status, before]
  const gone = (field: 'podIPs' | 'hostIPs') => {
    const ips = new Set(reported.flatMap(old => (old?.[field] ?? []).map(({ ip }) => ip)))
    for (const { ip } of status[field] ?? []) ips.delete(ip)
    return [...ips].map(ip => ({ $patch: 'delete', ip }))
  }
  const { uid, resourceVersion } = pod.metadata
  return {
    metadata: { uid, ...(before === undefined ? { resourceVersion } : {}) },
    status: {
      ...status,
      reason: status.reason ?? null,
      message: status.message ?? null,
      ...(status.podIPs ? { podIPs: [...status.podIPs, ...gone('podIPs')] } : {}),
      ...(status.hostIPs ? { hostIPs: [...status.hostIPs, ...gone('hostIPs')] } : {}),
      conditions: [
        ...(status.conditions ?? []).map(condition => ({
          ...condition,
          reason: condition.reason ?? null,
          message: condition.message ?? null,
        })),
        ...passing.filter(type => reported.some(old => has(old, type)) && !has(status, type)).map(type => ({ $patch: 'delete', type })),
      ],
    },
  }
}

/** Conditions that exist only while they are true. */
const passing = ['PodResizePending', 'PodResizeInProgress']

const has = (status: PodStatus | undefined, type: string): boolean =>
  status?.conditions?.some(condition => condition.type === type) ?? false
