// The cluster's names (Kubernetes DNS-Based Service Discovery 1.1.0), answered from the Services and EndpointSlices in memory.
import type { Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'

export type ZoneRecord =
  | { readonly type: 'A'; readonly name: string; readonly data: string }
  | { readonly type: 'SRV'; readonly name: string; readonly data: { readonly target: string; readonly port: number } }
  | { readonly type: 'CNAME'; readonly name: string; readonly data: string }
  | { readonly type: 'PTR'; readonly name: string; readonly data: string }

/** What the zone looks up by name; informers' listers implement it. */
export interface ZoneSource {
  service(namespace: string, name: string): Service | undefined
  slices(namespace: string, service: string): readonly EndpointSlice[]
  hasNamespace(name: string): boolean
  serviceByIp(ip: string): Service | undefined
}

export type ZoneAnswer =
  /** Outside this zone: ask another resolver. */
  | { readonly outcome: 'elsewhere' }
  | { readonly outcome: 'absent' }
  /** The name exists, perhaps without a record of the requested type. */
  | { readonly outcome: 'found'; readonly records: readonly ZoneRecord[] }

const absent: ZoneAnswer = { outcome: 'absent' }
const elsewhere: ZoneAnswer = { outcome: 'elsewhere' }
const found = (records: readonly ZoneRecord[]): ZoneAnswer => ({ outcome: 'found', records })

/** `name` in lower case without a trailing dot. */
export function lookUp(source: ZoneSource, domain: string, name: string, type: string): ZoneAnswer {
  if (name.endsWith('.in-addr.arpa')) return reverse(source, domain, name)
  if (name === domain) return found([])
  if (!name.endsWith(`.${domain}`)) return elsewhere
  const labels = name.slice(0, -domain.length - 1).split('.')
  const kind = labels.pop()
  if (kind === 'svc') return serviceName(source, domain, name, labels, type)
  if (kind === 'pod') return podName(source, name, labels)
  return absent
}

function serviceName(source: ZoneSource, domain: string, name: string, labels: readonly string[], type: string): ZoneAnswer {
  if (labels.length === 0) return found([])
  const namespace = labels.at(-1) ?? ''
  if (labels.length === 1) return source.hasNamespace(namespace) ? found([]) : absent
  const service = source.service(namespace, labels.at(-2) ?? '')
  if (service === undefined) return absent
  const rest = labels.slice(0, -2)
  if (service.spec.type === 'ExternalName')
    return rest.length === 0 ? found([{ type: 'CNAME', name, data: service.spec.externalName ?? '' }]) : absent
  const host = `${service.metadata.name}.${namespace}.svc.${domain}`
  const slices = source.slices(namespace, service.metadata.name ?? '')
  if (rest.length === 0)
    return found([...addresses(service, slices, name), ...(type === 'SRV' ? allServices(service, slices, name, host) : [])])
  if (rest.length === 2 && rest[0]?.startsWith('_') && rest[1]?.startsWith('_'))
    return portName(service, slices, name, host, rest[0].slice(1), rest[1].slice(1))
  if (rest.length === 1 && isHeadless(service)) {
    const records = endpoints(service, slices).filter(({ hostname }) => hostname === rest[0])
    return records.length === 0 ? absent : found(records.map(({ ip }) => ({ type: 'A', name, data: ip })))
  }
  return absent
}

const isHeadless = ({ spec }: Service): boolean => spec.clusterIP === 'None'

function addresses(service: Service, slices: readonly EndpointSlice[], name: string): ZoneRecord[] {
  if (!isHeadless(service)) return service.spec.clusterIP ? [{ type: 'A', name, data: service.spec.clusterIP }] : []
  return [...new Set(endpoints(service, slices).map(({ ip }) => ip))].map(data => ({ type: 'A', name, data }))
}

interface NamedEndpoint {
  readonly ip: string
  readonly hostname: string
  readonly ports: EndpointSlice['ports']
}

/** Ready endpoints, or all if the Service publishes not-ready addresses. An endpoint without a hostname is named after its address. */
function endpoints({ spec }: Service, slices: readonly EndpointSlice[]): NamedEndpoint[] {
  return slices
    .filter(({ addressType }) => addressType === 'IPv4')
    .flatMap(({ endpoints: list, ports }) =>
      (list ?? [])
        .filter(({ conditions }) => spec.publishNotReadyAddresses === true || conditions?.ready !== false)
        .flatMap(({ addresses: ips, hostname }) => ips.map(ip => ({ ip, hostname: hostname ?? ip.replaceAll('.', '-'), ports }))),
    )
}

function portName(
  service: Service,
  slices: readonly EndpointSlice[],
  name: string,
  host: string,
  port: string,
  protocol: string,
): ZoneAnswer {
  const records = srv(
    service,
    slices,
    name,
    host,
    candidate => candidate.name === port && (candidate.protocol ?? 'TCP').toLowerCase() === protocol,
  )
  return records.length === 0 ? absent : found(records)
}

const allServices = (service: Service, slices: readonly EndpointSlice[], name: string, host: string) =>
  srv(service, slices, name, host, () => true)

type NamedPort = { readonly name?: string; readonly protocol?: string }

function srv(
  service: Service,
  slices: readonly EndpointSlice[],
  name: string,
  host: string,
  wanted: (port: NamedPort) => boolean,
): ZoneRecord[] {
  if (!isHeadless(service))
    return (service.spec.ports ?? []).filter(wanted).map(({ port }) => ({ type: 'SRV', name, data: { target: host, port } }))
  return endpoints(service, slices).flatMap(({ hostname, ports }) =>
    (ports ?? [])
      .filter(wanted)
      .flatMap(({ port }) => (port ? [{ type: 'SRV' as const, name, data: { target: `${hostname}.${host}`, port } }] : [])),
  )
}

/** `10-244-0-7.default.pod.cluster.local`: the name contains the address. Answered only for existing namespaces. */
function podName(source: ZoneSource, name: string, labels: readonly string[]): ZoneAnswer {
  const [address = '', namespace = ''] = labels
  if (labels.length !== 2 || !source.hasNamespace(namespace)) return absent
  const ip = address.replaceAll('-', '.')
  return isIpv4(ip) ? found([{ type: 'A', name, data: ip }]) : absent
}

function reverse(source: ZoneSource, domain: string, name: string): ZoneAnswer {
  const ip = name.slice(0, -'.in-addr.arpa'.length).split('.').reverse().join('.')
  if (!isIpv4(ip)) return absent
  const service = source.serviceByIp(ip)
  if (service === undefined) return elsewhere
  return found([{ type: 'PTR', name, data: `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}` }])
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every(part => /^\d{1,3}$/.test(part) && Number(part) <= 255)
}
