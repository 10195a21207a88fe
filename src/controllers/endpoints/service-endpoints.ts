// The pods and ports behind a service, for Endpoints and EndpointSlices. Pure.
import { isIP } from 'node:net'
import type { Container, Pod, Service, ServicePort } from '../../api/types/core-v1.ts'
import { selectsByMap } from '../../client/cache/label-selector.ts'
import { isFinished } from '../pod-state.ts'

export const headlessLabel = 'service.kubernetes.io/headless'
export const triggerTimeAnnotation = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Endpoints are created only for services with a selector. */
export function hasSelector({ spec }: Service): boolean {
  return spec?.type !== 'ExternalName' && Object.keys(spec?.selector ?? {}).length > 0
}

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None'

export function selectedPods(service: Service, pods: readonly Pod[]): Pod[] {
  return pods.filter(pod => selectsByMap(service.spec?.selector, pod.metadata.labels))
}

/** Finished pods and pods without an address are never endpoints; terminating ones only on request. */
export function isEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (isFinished(pod) || addressesOf(pod).length === 0) return false
  return includeTerminating || pod.metadata.deletionTimestamp === undefined
}

function addressesOf({ status }: Pod): readonly string[] {
  const listed = (status?.podIPs ?? []).map(({ ip }) => ip)
  return listed.length > 0 || status?.podIP === undefined || status.podIP === '' ? listed : [status.podIP]
}

export function addressOf(pod: Pod, family: 'IPv4' | 'IPv6'): string | undefined {
  return addressesOf(pod).find(address => isIP(address) === (family === 'IPv4' ? 4 : 6))
}

export interface TargetPort {
  readonly name: string
  readonly port: number
  readonly protocol: string
  readonly appProtocol?: string
}

/** The service's ports on this pod, without those whose named target the pod lacks. */
export function targetPorts(service: Service, pod: Pod): TargetPort[] {
  return (service.spec?.ports ?? []).flatMap(servicePort => {
    const port = targetOf(servicePort, pod)
    if (port === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = servicePort
    return [{ name, port, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

function targetOf({ targetPort, port, protocol = 'TCP' }: ServicePort, { spec }: Pod): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port
  if (typeof targetPort === 'number') return targetPort
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const inContainers = (containers: readonly Container[]) =>
    containers.flatMap(({ ports = [] }) => ports).find(found => found.name === targetPort && (found.protocol ?? 'TCP') === protocol)
      ?.containerPort
  return inContainers(spec.containers) ?? inContainers(sidecars)
}

/** A pod has its own DNS name if it sets a hostname in the service's subdomain. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec
  return hostname !== undefined && hostname !== '' && subdomain === service.metadata.name ? hostname : undefined
}

/** The newest change that affects the endpoints, for measuring how long they take to reach the nodes. */
export function triggerTime(service: Service, pods: readonly Pod[]): string {
  const times = pods.map(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime
    return metadata.deletionTimestamp ?? ready ?? ''
  })
  return [service.metadata.creationTimestamp ?? '', ...times].sort().at(-1) ?? ''
}
