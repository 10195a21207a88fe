// Finds the backend of a proxy: always a pod, through the tunnel of its node. Addresses are never taken from a request or a status alone.
import { badRequest, notFound, serviceUnavailable } from '../../api/status.ts'
import type { EndpointAddress, Endpoints, Pod, Service } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ServedResources } from '../resource/served-resource.ts'
import { hostText, isReachable } from './dial-address.ts'
import { addressesOf, podAtAddress, podNamed } from './pod-at-address.ts'
import { parseProxyId } from './proxy-id.ts'

export interface ProxyTarget {
  readonly pod: Pod
  readonly port: number
  readonly tls: boolean
  /** `address:port`, for messages and redirects. */
  readonly host: string
  /** The name to verify in the certificate: that of the service, or the pod's address. */
  readonly serverName: string
}

/** Throws, with upstream's messages and codes, if the pod or its address does not exist, or the port is not valid. */
export function podTarget(resources: ServedResources, namespace: string, id: string): ProxyTarget {
  const { scheme, name, port } = parseProxyId(id, 'pod')
  const pod = podNamed(resources, namespace, name)
  if (pod === undefined) throw notFound({ group: '', plural: 'pods' }, name)
  const [address] = addressesOf(pod)
  if (address === undefined || !isReachable(address)) throw badRequest('address not allowed')
  const declared = pod.spec.containers.find(({ ports }) => (ports ?? []).length > 0)?.ports?.[0]?.containerPort
  const tls = scheme === 'https'
  const number = port === '' ? (declared ?? (tls ? 443 : 80)) : portNumber(port, address)
  return { pod, port: number, tls, host: hostText(address, number), serverName: address }
}

/** As upstream, one of the addresses of the service's Endpoints, but only that of a pod in the same namespace. `random` is in [0, 1). */
export function serviceTarget(resources: ServedResources, namespace: string, id: string, random: () => number): ProxyTarget {
  const { scheme, name, port } = parseProxyId(id, 'service')
  const portName = /^-?\d+$/.test(port) ? nameOfPort(resources, namespace, name, Number(port)) : port
  const endpoints = read(resources, 'endpoints', namespace, name) as Endpoints | undefined
  if (endpoints === undefined) throw notFound({ group: '', plural: 'endpoints' }, name)
  const subsets = endpoints.subsets ?? []
  if (subsets.length === 0) throw serviceUnavailable(`no endpoints available for service ${writeJson(name)}`)
  for (const { addresses = [], ports = [] } of rotated(subsets, random())) {
    const found = ports?.find(candidate => (candidate.name ?? '') === portName)
    if (found === undefined) continue
    for (const address of rotated(addresses ?? [], random())) {
      const pod = podBehind(resources, namespace, address)
      if (pod === undefined) continue
      const serverName = `${name}.${namespace}.svc`
      return { pod, port: found.port, tls: scheme === 'https', host: hostText(address.ip, found.port), serverName }
    }
  }
  throw serviceUnavailable(`no endpoints available for service ${writeJson(id)}`)
}

function nameOfPort(resources: ServedResources, namespace: string, name: string, port: number): string {
  const service = read(resources, 'services', namespace, name) as Service | undefined
  if (service === undefined) throw notFound({ group: '', plural: 'services' }, name)
  const found = service.spec.ports?.find(candidate => candidate.port === port)
  if (found === undefined) throw serviceUnavailable(`no service port ${port} found for service ${writeJson(name)}`)
  return found.name ?? ''
}

function podBehind(resources: ServedResources, namespace: string, { ip, targetRef }: EndpointAddress): Pod | undefined {
  if (targetRef?.kind !== 'Pod' || targetRef.namespace !== namespace || targetRef.name === undefined) return undefined
  return podAtAddress(resources, namespace, targetRef.name, ip)
}

function read(resources: ServedResources, groupResource: string, namespace: string, name: string): object | undefined {
  return resources.byGroupResource(groupResource)?.collection.get(namespace, name)?.object
}

/** Go's message for a lookup among the services of the system; a container has none. */
function portNumber(port: string, address: string): number {
  const number = Number(port)
  if (!/^\d+$/.test(port)) throw serviceUnavailable(`error trying to reach service: dial tcp: lookup tcp/${port}: unknown port`)
  if (number >= 1 && number <= 65_535) return number
  throw serviceUnavailable(`error trying to reach service: dial tcp: address ${hostText(address, number)}: invalid port`)
}

function rotated<T>(list: readonly T[], random: number): readonly T[] {
  const at = Math.floor(random * list.length)
  return [...list.slice(at), ...list.slice(0, at)]
}
