// Types of the variables of admission expressions. As upstream, they have only some fields of the API's types.
import type { CelType } from '../values/type.ts'
import * as t from '../values/type.ts'

function object(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  const byName = new Map(Object.entries(fields))
  return t.objectType(name, field => byName.get(field))
}

const { string, bool, int, timestamp, dyn } = t
const strings = t.list(string)
const texts = t.map(string, string)

const kind = object('kubernetes.GroupVersionKind', { group: string, version: string, kind: string })
const resource = object('kubernetes.GroupVersionResource', { group: string, version: string, resource: string })
/** Also for the users that claim mappings of tokens produce. */
export const userInfoType = object('kubernetes.UserInfo', { username: string, uid: string, groups: strings, extra: t.map(string, strings) })

export const requestType = object('kubernetes.AdmissionRequest', {
  kind,
  resource,
  subResource: string,
  requestKind: kind,
  requestResource: resource,
  requestSubResource: string,
  name: string,
  namespace: string,
  operation: string,
  userInfo: userInfoType,
  dryRun: bool,
  options: dyn,
})

const metadata = object('kubernetes.NamespaceMetadata', {
  name: string,
  generateName: string,
  namespace: string,
  labels: texts,
  annotations: texts,
  UID: string,
  creationTimestamp: timestamp,
  deletionGracePeriodSeconds: int,
  deletionTimestamp: timestamp,
  generation: int,
  resourceVersion: string,
  finalizers: strings,
})
const condition = object('kubernetes.NamespaceCondition', {
  status: string,
  type: string,
  lastTransitionTime: timestamp,
  message: string,
  reason: string,
})

export const namespaceType = object('kubernetes.Namespace', {
  metadata,
  spec: object('kubernetes.NamespaceSpec', { finalizers: strings }),
  status: object('kubernetes.NamespaceStatus', { conditions: t.list(condition), phase: string }),
})

/** The type of `variables`; it grows with each variable of a policy. */
export function variablesType(fields: ReadonlyMap<string, CelType>): CelType {
  return t.objectType('kubernetes.variables', name => fields.get(name))
}

/** The type of a policy's variable for later expressions; one that does not compile fails when it is used. */
export const typeOfVariable = (type: CelType | undefined): CelType => (type === undefined ? dyn : typeForOthers(type))

/** Objects lose their fields. */
function typeForOthers(type: CelType): CelType {
  switch (type.kind) {
    case 'list':
    case 'map':
      return { ...type, params: type.params.map(typeForOthers) }
    case 'object':
    case 'opaque':
    case 'type':
    case 'param':
    case 'wrapper':
    case 'error':
      return dyn
    default:
      return type
  }
}
