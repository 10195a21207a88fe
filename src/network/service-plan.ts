// What the API's Services, EndpointSlices and this node's pods ask the node's ruleset to be. Pure.
import type { Pod, Service } from '../api/types/core-v1.ts'
import type { EndpointSlice } from '../api/types/discovery-v1.ts'
import type { HostPort, Protocol, ServicePort, Target } from './ruleset.ts'

const serviceNameLabel = 'kubernetes.io/service-name'
const headlessLabel = 'service.kubernetes.io/headless'
const proxyNameLabel = 'service.kubernetes.io/service-proxy-name'

/** IPv4 only: the cluster is single-stack. Services of another proxy, headless ones and external names get no rules. */
export function planServices(services: readonly Service[], slices: readonly EndpointSlice[], nodeName: string): ServicePort[] {
  const byService = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const service = slice.metadata.labels?.[serviceNameLabel]
    if (service === undefined || slice.addressType !== 'IPv4') continue
    const key = `${slice.metadata.namespace}/${service}`
    const list = byService.get(key)
    if (list === undefined) byService.set(key, [slice])
    else list.push(slice)
  }
  return services
    .filter(isProxied)
    .flatMap(service => portsOf(service, byService.get(`${service.metadata.namespace}/${service.metadata.name}`) ?? [], nodeName))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
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

function portsOf({ metadata, spec }: Service, slices: readonly EndpointSlice[], nodeName: string): ServicePort[] {
  const localOnly = spec.internalTrafficPolicy === 'Local'
  return (spec.ports ?? []).flatMap(port => {
    const protocol = protocolOf(port.protocol)
    if (protocol === undefined) return []
    return {
      id: `${metadata.namespace}/${metadata.name}:${port.name ?? ''}${port.port}`,
      protocol,
      addresses: [spec.clusterIP ?? '', ...(spec.externalIPs ?? [])].filter(isIpv4),
      port: port.port,
      nodePort: port.nodePort || undefined,
      targets: targetsOf(slices, port.name ?? '', localOnly ? nodeName : undefined),
      clientAffinity: spec.sessionAffinity === 'ClientIP',
    }
  })
}

/** Ready endpoints; where there is none, those that are ending but still serve, as upstream does (KEP-1669). */
function targetsOf(slices: readonly EndpointSlice[], portName: string, onNode: string | undefined): Target[] {
  const ready: Target[] = []
  const ending: Target[] = []
  for (const { endpoints, ports } of slices) {
    const port = (ports ?? []).find(({ name }) => (name ?? '') === portName)?.port
    if (!port) continue
    for (const { addresses, conditions, nodeName } of endpoints ?? []) {
      const [ip] = addresses
      if (ip === undefined || !isIpv4(ip) || isUnroutable(ip) || (onNode !== undefined && nodeName !== onNode)) continue
      if (conditions?.ready !== false) ready.push({ ip, port })
      else if (conditions.serving === true && conditions.terminating === true) ending.push({ ip, port })
    }
  }
  const chosen = ready.length > 0 ? ready : ending
  const unique = new Map(chosen.map(target => [`${target.ip}:${target.port}`, target]))
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
