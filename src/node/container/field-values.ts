// The values of the downward API: pod fields and container resources, for environment variables and volume files. Pure.
import type { ObjectFieldSelector, Pod, ResourceFieldSelector } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { containersOf } from '../pod/pod-containers.ts'
import { nanoUnits } from '../pod/pod-resources.ts'

export interface PodAddresses {
  readonly podIps: readonly string[]
  readonly hostIps: readonly string[]
  readonly nodeName: string
}

export interface NodeAllocatable {
  readonly milliCpu: number
  readonly memoryBytes: number
  readonly ephemeralStorageBytes: number
}

/** Throws upstream's text for a field without a value here. */
export function podField(pod: Pod, { fieldPath }: ObjectFieldSelector, addresses: PodAddresses): string {
  const { metadata, spec } = pod
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(fieldPath)
  if (subscript) return metadata[subscript[1] === 'labels' ? 'labels' : 'annotations']?.[subscript[2] ?? ''] ?? ''
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name ?? ''
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'metadata.labels':
      return mapText(metadata.labels)
    case 'metadata.annotations':
      return mapText(metadata.annotations)
    case 'spec.nodeName':
      return addresses.nodeName
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? ''
    case 'status.hostIP':
      return addresses.hostIps[0] ?? ''
    case 'status.hostIPs':
      return addresses.hostIps.join(',')
    case 'status.podIP':
      return addresses.podIps[0] ?? ''
    case 'status.podIPs':
      return addresses.podIps.join(',')
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`)
  }
}

/** `key="value"` lines in key order, values quoted as Go quotes them. */
function mapText(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${writeJson(value)}`)
    .join('\n')
}

/** A resource of a container, divided and rounded up. Without a limit it is the node's allocatable amount, as upstream. */
export function resourceField(pod: Pod, selector: ResourceFieldSelector, ownName: string, node: NodeAllocatable): string {
  const name = selector.containerName || ownName
  const container = containersOf(pod).find(({ spec }) => spec.name === name)?.spec
  if (!container) throw new Error(`container ${name} not found`)
  const [list, ...rest] = selector.resource.split('.')
  const resource = rest.join('.')
  const { limits, requests } = container.resources ?? {}
  const allocatable: Record<string, string> = {
    cpu: `${node.milliCpu}m`,
    memory: String(node.memoryBytes),
    'ephemeral-storage': String(node.ephemeralStorageBytes),
  }
  let value: string | undefined
  if (list === 'limits') value = limits?.[resource] ?? allocatable[resource]
  else if (list === 'requests') value = requests?.[resource] ?? limits?.[resource]
  else throw new Error(`unsupported container resource : ${selector.resource}`)
  const divisor = nanoUnits(String(selector.divisor ?? '1')) || 1_000_000_000n
  return String((nanoUnits(String(value ?? '0')) + divisor - 1n) / divisor)
}
