// Plans the node's ruleset from Services, EndpointSlices and this node's pods. Pure.
import type { Pod, Service } from '../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../api/types/discovery-v1.ts'
import type { HostPort, Protocol, ServicePort, Target } from './ruleset.ts'
import { withUniqueAddresses } from './unique-addresses.ts'

const serviceNameLabel = 'kubernetes.io/service-name'
const headlessLabel = 'service.kubernetes.io/headless'
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name'

/** The node that the rules are for: its name, and the zone of its label. */
export interface NodePlace {
  readonly name: string
  readonly zone: string | undefined
}

/** IPv4 only, since the cluster is single-stack. Services of another proxy, headless Services and external names get no rules. */
export function planServices(services: readonly Service[], slices: readonly EndpointSlice[], node: NodePlace): ServicePort[] {
  const byService = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const service = slice.metadata.labels?.[serviceNameLabel]
    if (service === undefined || slice.addressType !== 'IPv4') continue
    const key = `${slice.metadata.namespace}/${service}`
    const list = byService.get(key)
    if (list === undefined) byService.set(key, [slice])
    else list.push(slice)
  }
  const ports = services
    .filter(isProxied)
    .sort(byAge)
    .flatMap(service => portsOf(service, byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [], node))
  return withUniqueAddresses(ports).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Oldest first; equal times are ordered by uid, which users cannot choose. */
function byAge({ metadata: a }: Service, { metadata: b }: Service): number {
  const [older, newer] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  if (older !== newer) return older < newer ? -1 : 1
  return (a.uid ?? '') < (b.uid ?? '') ? -1 : 1
}

function isProxied({ metadata, spec }: Service): boolean {
  const labels = metadata.labels ?? {}
  return (
    spec.type !== 'ExternalName' &&
    Boolean(spec.clusterIP) &&
    spec.clusterIP !== 'None' &&
    labels[headlessLabel] === undefined &&
    labels[proxyNameLabel] === undefined
  )
}

function portsOf({ metadata, spec }: Service, slices: readonly EndpointSlice[], node: NodePlace): ServicePort[] {
  const externalAddresses = (spec.externalIPs ?? []).filter(isIpv4)
  const isExternal = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0
  const insideLocal = spec.internalTrafficPolicy === 'Local'
  const outsideLocal = isExternal && spec.externalTrafficPolicy === 'Local'
  return (spec.ports ?? []).flatMap(port => {
    const protocol = protocolOf(port.protocol)
    if (protocol === undefined) return []
    const backends = backendsOf(slices, port.name ?? '', node.name)
    const onNode = targetsOf(backends.filter(({ isLocal }) => isLocal))
    const anywhere = targetsOf(nearest(backends, node.zone))
    return {
      id: `${metadata.namespace}/${metadata.name}:${port.name ?? ''}:${port.port}`,
      protocol,
      addresses: [spec.clusterIP ?? ''].filter(isIpv4),
      externalAddresses,
      port: port.port,
      nodePort: port.nodePort || undefined,
      targets: insideLocal ? onNode : anywhere,
      externalTargets: outsideLocal ? onNode : anywhere,
      ownTargets: anywhere,
      isServed: backends.some(({ isReady, isEnding }) => isReady || isEnding),
      clientAffinity: spec.sessionAffinity === 'ClientIP',
      taken: [],
    }
  })
}

interface Backend extends Target {
  readonly isLocal: boolean
  readonly isReady: boolean
  /** The endpoint is terminating but still serves, and is used only if none is ready. */
  readonly isEnding: boolean
  /** Zones whose clients should use it. */
  readonly zones: readonly string[]
}

function backendsOf(slices: readonly EndpointSlice[], portName: string, nodeName: string): Backend[] {
  const backends: Backend[] = []
  for (const { endpoints, ports } of slices) {
    const port = (ports ?? []).find(({ name }) => (name ?? '') === portName)?.port
    if (!port) continue
    for (const { addresses, conditions, hints, ...endpoint } of endpoints ?? []) {
      const [ip] = addresses
      if (ip === undefined || !isIpv4(ip) || isUnroutable(ip)) continue
      const isReady = conditions?.ready !== false
      backends.push({
        ip,
        port,
        isLocal: endpoint.nodeName === nodeName,
        isReady,
        isEnding: !isReady && conditions?.serving !== false && conditions?.terminating === true,
        zones: (hints?.forZones ?? []).map(({ name }) => name),
      })
    }
  }
  return backends
}

/** Endpoints hinted for this zone, if every ready one has a hint and one is for this zone; otherwise all (KEP-2433). */
function nearest(backends: readonly Backend[], zone: string | undefined): readonly Backend[] {
  if (zone === undefined) return backends
  const ready = backends.filter(({ isReady }) => isReady)
  const near = ready.filter(({ zones }) => zones.includes(zone))
  return near.length > 0 && ready.every(({ zones }) => zones.length > 0) ? near : backends
}

/** Ready endpoints; if there are none, terminating ones that still serve, as upstream (KEP-1669). */
function targetsOf(backends: readonly Backend[]): Target[] {
  const ready = backends.filter(({ isReady }) => isReady)
  const chosen = ready.length > 0 ? ready : backends.filter(({ isEnding }) => isEnding)
  const unique = new Map(chosen.map(({ ip, port }) => [`${ip}:${port}`, { ip, port }]))
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
}

/** Host ports of the pods that run on this node. */
export function planHostPorts(pods: readonly Pod[], nodeName: string): HostPort[] {
  return pods
    .filter(
      ({ spec, status }) =>
        spec.nodeName === nodeName &&
        spec.hostNetwork !== true &&
        status?.podIP &&
        status.phase !== 'Succeeded' &&
        status.phase !== 'Failed',
    )
    .flatMap(({ spec, status }) =>
      [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ ports }) =>
        (ports ?? []).flatMap(({ hostPort, hostIP, containerPort, protocol }) => {
          const known = protocolOf(protocol)
          const ip = status?.podIP
          if (!hostPort || known === undefined || ip === undefined || !isIpv4(ip)) return []
          const hostIp = hostIP && hostIP !== '0.0.0.0' && isIpv4(hostIP) ? hostIP : undefined
          return [{ hostIp, port: hostPort, protocol: known, target: { ip, port: containerPort } }]
        }),
      ),
    )
}

function protocolOf(protocol: string | undefined): Protocol | undefined {
  switch (protocol) {
    case undefined:
    case 'TCP':
      return 'tcp'
    case 'UDP':
      return 'udp'
    case 'SCTP':
      return 'sctp'
    default:
      return undefined
  }
}

const isIpv4 = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text)
/** A slice must not lead to the node itself or to link-local services (CVE-2021-25737). */
const isUnroutable = (ip: string): boolean => ip.startsWith('127.') || ip.startsWith('169.254.') || ip === '0.0.0.0'
