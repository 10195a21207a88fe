// Types that Kubernetes adds to CEL: only their own functions can read their values.
import { type CelType, opaque } from '../values/type.ts'

/** An object without declared fields for the checker. */
const closed = (name: string): CelType => ({ kind: 'object', name, params: [] })

export const urlType = closed('kubernetes.URL')
export const quantityType = closed('kubernetes.Quantity')
export const semverType = closed('kubernetes.Semver')
export const formatType = closed('kubernetes.NamedFormat')
export const ipType = opaque('net.IP')
export const cidrType = opaque('net.CIDR')
export const authorizerType = closed('kubernetes.authorization.Authorizer')
export const pathCheckType = closed('kubernetes.authorization.PathCheck')
export const groupCheckType = closed('kubernetes.authorization.GroupCheck')
export const resourceCheckType = closed('kubernetes.authorization.ResourceCheck')
export const decisionType = closed('kubernetes.authorization.Decision')
