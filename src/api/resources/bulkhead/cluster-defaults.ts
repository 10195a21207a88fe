// bulkhead.dev/v1alpha1 ClusterDefaults: the defaults of every new namespace. Only one name has an effect.
import type { FieldError } from '../../field-error.ts'
import type { ClusterDefaults, NamespaceDefaults, NetworkDefaults } from '../../types/bulkhead-v1alpha1.ts'
import type { LimitRange, ResourceQuota } from '../../types/core-v1.ts'
import { nameIsDnsLabel } from '../../validation/names.ts'
import { pushMessages, validateLabels } from '../../validation/object-meta.ts'
import { limitRange } from '../core/limit-range.ts'
import { resourceQuota } from '../core/resource-quota.ts'
import { defineResource } from '../resource.ts'
import { ageColumn, nameColumn } from '../standard-columns.ts'

/** The name that has an effect. */
export const clusterDefaultsName = 'cluster'
/** The system's own namespaces need no entry in `exempt`. */
export const systemExempt: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease'])

/** Whether a namespace gets objects, and its pods have to wait for them. */
export const createsObjects = ({ resourceQuota, limitRange, network }: NamespaceDefaults): boolean =>
  resourceQuota !== undefined || limitRange !== undefined || network?.defaultDeny === true

/** Annotation of a namespace: `pending` until it has its quota, limits and network policies, then `applied`. */
export const defaultsAnnotation = 'bulkhead.dev/defaults'

const at = 'spec.namespaces'

export const clusterDefaults = defineResource<ClusterDefaults>({
  group: 'bulkhead.dev',
  version: 'v1alpha1',
  kind: 'ClusterDefaults',
  plural: 'clusterdefaults',
  namespaced: false,
  columns: [
    nameColumn,
    { name: 'Quota', type: 'string', cell: ({ spec }) => namesOf(spec?.namespaces?.resourceQuota?.hard) },
    { name: 'Limits', type: 'string', cell: ({ spec }) => (spec?.namespaces?.limitRange?.limits ?? []).map(({ type }) => type).join(',') },
    { name: 'Network', type: 'string', cell: ({ spec }) => networkCell(spec?.namespaces?.network) },
    ageColumn,
  ],
  nameRule: name => (name === clusterDefaultsName ? [] : [`must be "${clusterDefaultsName}": there is one object for the whole cluster`]),
  setDefaults(object) {
    object.spec ??= {}
    const { resourceQuota: quota, limitRange: limits } = object.spec.namespaces ?? {}
    if (quota !== undefined) resourceQuota.setDefaults?.({ metadata: {}, spec: quota })
    if (limits !== undefined) limitRange.setDefaults?.({ metadata: {}, spec: limits })
  },
  validate,
  warnings: ({ spec }) =>
    spec?.namespaces?.network?.defaultDeny === false && spec.namespaces.network.allowDNS
      ? [`${at}.network.allowDNS has no effect without defaultDeny: a policy that allows names would deny everything else`]
      : [],
})

function validate({ spec }: ClusterDefaults): FieldError[] {
  const { exempt = [], labels, resourceQuota: quota, limitRange: limits } = spec?.namespaces ?? {}
  const errors: FieldError[] = []
  exempt.forEach((name, index) => {
    pushMessages(errors, `${at}.exempt[${index}]`, name, nameIsDnsLabel(name, false))
  })
  validateLabels(labels, `${at}.labels`, errors)
  const own = (found: readonly FieldError[] | undefined, field: string): void => {
    for (const error of found ?? []) errors.push({ ...error, field: error.field.replace(/^spec/, `${at}.${field}`) })
  }
  if (quota !== undefined) own(resourceQuota.validate?.({ metadata: {}, spec: quota } satisfies ResourceQuota), 'resourceQuota')
  if (limits !== undefined) own(limitRange.validate?.({ metadata: {}, spec: limits } satisfies LimitRange), 'limitRange')
  return errors
}

const namesOf = (list: Readonly<Record<string, string>> | undefined): string => Object.keys(list ?? {}).length.toString()

function networkCell(network: NetworkDefaults | undefined): string {
  if (network?.defaultDeny !== true) return 'open'
  const open = [...(network.allowDNS ? ['DNS'] : []), ...(network.allowAPIServer === false ? [] : ['API server'])]
  return open.length === 0 ? 'deny all' : `deny all but ${open.join(', ')}`
}
