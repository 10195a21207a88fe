// What an APIService says of a group version that another server answers.
import type { KubeObject } from '../../../api/object.ts'
import type { APIService } from '../../../api/types/apiregistration-v1.ts'

export interface BackendReference {
  readonly namespace: string
  readonly name: string
  readonly port: number
}

export interface RegisteredApi {
  /** Of the APIService: `v1.metrics.example.com`. */
  readonly name: string
  readonly group: string
  readonly version: string
  readonly service: BackendReference
  /** PEM of the authorities that may have signed the backend's certificate; undefined for those that the system trusts. */
  readonly authorities: string | undefined
  readonly skipsVerification: boolean
  readonly groupPriority: number
  readonly versionPriority: number
  /** As its condition says. */
  readonly available: boolean
}

export type ApiServiceObject = KubeObject & APIService

const defaultPort = 443

/** Undefined for an APIService without a service: this server answers for itself. */
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

/** Whether both lead to the same server in the same way. */
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
