// Resolves the Service of an APIService from its objects. Reasons and messages are upstream's.
import type { Service } from '../../../api/types/core-v1.ts'
import type { EndpointSlice } from '../../../api/types/discovery-v1.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { BackendReference } from './registered-api.ts'

/** One address of the service. */
export interface BackendEndpoint {
  readonly address: string
  readonly port: number
  /** The pod with the address; undefined for backends outside the cluster. */
  readonly pod: { readonly namespace: string; readonly name: string } | undefined
}

export type BackendState =
  | { readonly found: true; readonly endpoints: readonly BackendEndpoint[] }
  | { readonly found: false; readonly reason: string; readonly message: string }

export const sliceServiceLabel = 'kubernetes.io/service-name'

export function backendState(
  { namespace, name, port }: BackendReference,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): BackendState {
  const quoted = writeJson(namespace)
  const missing = (reason: string, message: string): BackendState => ({ found: false, reason, message })
  if (service === undefined) return missing('ServiceNotFound', `service/${name} in ${quoted} is not present`)
  const { type = 'ClusterIP', ports } = service.spec
  // A name in foreign DNS must not choose where this server connects.
  if (type === 'ExternalName') return missing('ServiceAccessError', `service/${name} in ${quoted} has the unsupported type "ExternalName"`)
  const servicePort = (ports ?? []).find(candidate => candidate.port === port)
  if (servicePort === undefined) return missing('ServicePortError', `service/${name} in ${quoted} is not listening on port ${port}`)
  if (slices.length === 0) return missing('EndpointsNotFound', `cannot find endpointslices for service/${name} in ${quoted}`)
  const portName = servicePort.name ?? ''
  const endpoints = slices.flatMap(slice => endpointsOf(slice, portName, namespace))
  if (endpoints.length > 0) return { found: true, endpoints }
  return missing(
    'MissingEndpoints',
    `endpointslices for service/${name} in ${quoted} have no addresses with port name ${writeJson(portName)}`,
  )
}

function endpointsOf({ addressType, endpoints, ports }: EndpointSlice, portName: string, namespace: string): BackendEndpoint[] {
  const found = (ports ?? []).find(({ name = '', port }) => name === portName && port !== undefined)
  const { port } = found ?? {}
  if (addressType === 'FQDN' || port === undefined) return []
  return (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, targetRef }): BackendEndpoint[] => {
      const [address] = addresses
      if (address === undefined) return []
      if (targetRef === undefined) return [{ address, port, pod: undefined }]
      const { kind, name, namespace: of = namespace } = targetRef
      // Users who may write EndpointSlices must not lead into another namespace (CVE-2021-25740).
      if (kind !== 'Pod' || name === undefined || of !== namespace) return []
      return [{ address, port, pod: { namespace, name } }]
    })
}
