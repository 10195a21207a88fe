// Connects to a webhook behind a Service: to one of its pods, through the tunnel of the pod's node, with the service's name as TLS server name.
import type { Duplex } from 'node:stream'
import { isReason } from '../../../api/status.ts'
import type { ServiceReference } from '../../../api/types/admissionregistration-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { ServedResources } from '../../resource/served-resource.ts'
import { connectBackend } from '../backend-connection.ts'
import { type ProxyTarget, serviceTarget } from '../proxy-target.ts'
import type { NodeTunnels } from '../tunnel/node-tunnel.ts'
import type { ServiceTls } from './review-sender.ts'

export interface ConnectServiceParts {
  readonly resources: ServedResources
  readonly tunnels: NodeTunnels
  /** In [0, 1). */
  readonly random: () => number
}

/** Rejects with an Error in upstream's words if there is no such service, no pod, or no response. */
export async function connectService(
  { resources, tunnels, random }: ConnectServiceParts,
  { namespace, name, port = 443 }: ServiceReference,
  tls: ServiceTls,
  signal: AbortSignal,
): Promise<Duplex> {
  let target: ProxyTarget
  try {
    target = serviceTarget(resources, namespace, `https:${name}:${port}`, random)
  } catch (err) {
    if (isReason(err, 'NotFound')) throw new Error(`service ${writeJson(name)} not found`, { cause: err })
    if (isReason(err, 'ServiceUnavailable')) throw new Error(`no endpoints available for service ${writeJson(name)}`, { cause: err })
    throw err
  }
  return await connectBackend(tunnels, target, { ...tls, verify: true }, signal)
}
