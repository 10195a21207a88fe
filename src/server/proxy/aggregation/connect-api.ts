// Connects to an aggregated server: to a pod through the tunnel of its node, otherwise directly; TLS with the name of the service.
import type { Duplex } from 'node:stream'
import { ApiError, serviceUnavailable } from '../../../api/status.ts'
import type { EndpointSlice } from '../../../api/types/discovery-v1.ts'
import { messageOf } from '../../../base/user-error.ts'
import type { ServedResources } from '../../resource/served-resource.ts'
import { connectBackend, secured, unreachable } from '../backend-connection.ts'
import { dialAddress, hostText } from '../dial-address.ts'
import { podAtAddress } from '../pod-at-address.ts'
import type { NodeTunnels } from '../tunnel/node-tunnel.ts'
import type { BackendEndpoint } from './backend-state.ts'
import type { BackendReference, RegisteredApi } from './registered-api.ts'

/** The client certificate that proves this server to be the trusted front proxy. */
export interface FrontProxyIdentity {
  readonly certificate: string
  readonly key: string
}

export interface ConnectApiParts {
  readonly resources: ServedResources
  readonly tunnels: NodeTunnels
  /** Without it backends get no client certificate, and do not trust the user's headers. */
  identity?(signal: AbortSignal): Promise<FrontProxyIdentity>
}

/** The TLS name of the server behind the service. */
export const hostOf = ({ name, namespace, port }: BackendReference): string => `${name}.${namespace}.svc:${port}`

/** Rejects with upstream's 503. */
export async function connectApi(
  { resources, tunnels, identity }: ConnectApiParts,
  { service, authorities, skipsVerification }: RegisteredApi,
  { address, port, pod: reference }: BackendEndpoint,
  signal: AbortSignal,
): Promise<Duplex> {
  const client = await identity?.(signal)
  const tls = {
    authorities,
    verify: !skipsVerification,
    ...(client === undefined ? {} : { client: { cert: client.certificate, key: client.key } }),
  }
  const names = { host: hostText(address, port), serverName: `${service.name}.${service.namespace}.svc` }
  const pod = reference && podAtAddress(resources, reference.namespace, reference.name, address)
  if (reference !== undefined && pod === undefined)
    throw serviceUnavailable(`error trying to reach service: no pod has the address ${address}`)
  try {
    if (pod !== undefined && pod.spec.hostNetwork !== true)
      return await connectBackend(tunnels, { pod, port, tls: true, ...names }, tls, signal)
    if (isOwn(resources, address, port)) throw serviceUnavailable(`error trying to reach service: ${names.host} is this API server`)
    return await secured(await dialAddress(address, port, signal), names, tls, signal)
  } catch (err) {
    signal.throwIfAborted()
    // An error of the node is not the client's error.
    throw err instanceof ApiError && err.status.code === 503 ? err : unreachable(messageOf(err))
  }
}

/** The address at which pods reach this server: it must not call itself with another identity. */
function isOwn(resources: ServedResources, address: string, port: number): boolean {
  const slices = resources.byGroupResource('endpointslices.discovery.k8s.io')?.collection
  const own = slices?.get('default', 'kubernetes')?.object as EndpointSlice | undefined
  return (
    (own?.ports ?? []).some(candidate => candidate.port === port) &&
    (own?.endpoints ?? []).some(({ addresses }) => addresses.includes(address))
  )
}
