// The subresources whose body is not the object itself: one file each.
import type { Clock } from '../../base/clock.ts'
import type { WriteParts } from '../objects/write-parts.ts'
import type { BackendTls } from '../proxy/backend-connection.ts'
import type { CheckOrigin } from '../proxy/streams/own-origin.ts'
import type { StreamMemory } from '../proxy/streams/stream-memory.ts'
import type { NodeTunnels } from '../proxy/tunnel/node-tunnel.ts'
import type { StreamPod } from '../proxy/tunnel/stream-pod.ts'
import type { ResourceHandler } from '../request/request-context.ts'
import type { ServedResources } from '../resource/served-resource.ts'
import { binding } from './binding.ts'
import { eviction } from './eviction.ts'
import { localVolumeKey, type OpenVolumeKey } from './local-volume-key.ts'
import { podLog } from './pod-log.ts'
import { podStreams } from './pod-streams.ts'
import { proxies } from './proxy.ts'
import { scale } from './scale.ts'
import { type IssueToken, serviceAccountToken } from './service-account-token.ts'

export type { IssueToken, OpenVolumeKey }

export interface SubresourceParts {
  readonly writeParts: WriteParts
  readonly resources: ServedResources
  readonly tunnels: NodeTunnels
  readonly clock: Clock
  readonly issueToken?: IssueToken
  readonly openVolumeKey?: OpenVolumeKey
  readonly streamPod?: StreamPod
  readonly backendTls: BackendTls
  /** See `ProxyParts`. */
  readonly isolates: boolean
  readonly checkOrigin: CheckOrigin
  /** Shared by all WebSockets. */
  readonly memory: StreamMemory
  /** In [0, 1). */
  readonly random: () => number
}

/** Keys as in `ResourceVerbParts.subresources`. */
export function subresourceHandlers(parts: SubresourceParts): ReadonlyMap<string, ResourceHandler> {
  return new Map<string, ResourceHandler>([
    ['*/scale', scale(parts)],
    ['localvolumes.bulkhead.dev/key', localVolumeKey(parts)],
    ['pods/binding', binding(parts)],
    ['pods/eviction', eviction(parts)],
    ['pods/log', podLog(parts)],
    ...podStreams(parts),
    ...proxies(parts),
    ['serviceaccounts/token', serviceAccountToken(parts)],
  ])
}
