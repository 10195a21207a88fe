// The registration of another server's group version by an APIService.
import type { KubeObject } from '../../../api/object.ts'
import type { APIService } from '../../../api/types/apiregistration-v1.ts'

export interface BackendReference {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

export interface RegisteredApi {
  /** Name of the APIService: `v1.metrics.example.com`. */
  readonly name: string
  readonly group: string
  readonly version: string
  readonly service: BackendReference
  /** PEM of the authorities of the backend's certificate; undefined for those of the system. */
  readonly authorities: string | undefined
  readonly skipsVerification: boolean
  readonly groupPriority: number
  readonly versionPriority: number
  /** From its condition. */
  readonly available: boolean
}

export type ApiServiceObject = KubeObject & APIService

const defaultPort = 443

/** Undefined for an APIService without a service: this server answers. */
export function registeredApi({ metadata, spec, status }: ApiServiceObject): RegisteredApi | undefined {
  const { service, group = '', version = '', caBundle = '' } = spec
  if (service === undefined) return undefined
  return {
    name: metadata.name ?? '',
    group,
    version,
    service: { namespace: service.namespace ?? '', name: service.name ?? '', port: service.port ?? defaultPort },
    authorities: caBundle === '' ? undefined : Buffer.from(caBundle, 'base64').toString(),
    skipsVerification: spec.insecureSkipTLSVerify === true,
    groupPriority: spec.groupPriorityMinimum,
    versionPriority: spec.versionPriority,
    available: status?.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'True') ?? false,
  }
}

/** Whether both name the same server with the same TLS settings. */
export function sameBackend(a: RegisteredApi, b: RegisteredApi): boolean {
  const { service: left } = a
  const { service: right } = b
  return (
    left.namespace === right.namespace &&
    left.name === right.name &&
    left.port === right.port &&
    a.authorities === b.authorities &&
    a.skipsVerification === b.skipsVerification
  )
}
