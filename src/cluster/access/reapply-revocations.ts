// After a store was restored to an earlier state: the denials that it lost come back from the audit log, before anyone is served.
import type { LoggedRevocations } from '../../access/audit/revocation-record.ts'
import type { ListObject } from '../../access/rights/denied-credentials.ts'
import { deniedCredentials, formatAccountTokens, restoredStoreKey } from '../../api/credentials/denied-credentials-names.ts'
import type { KubeObject } from '../../api/object.ts'
import type { DenyRule } from '../../api/types/bulkhead-v1alpha1.ts'
import { writeJson } from '../../base/write-json.ts'
import { bootstrapNamespaces } from '../../server/bootstrap.ts'
import type { Store } from '../../store/store.ts'

export interface ReapplyParts {
  readonly store: Pick<Store, 'collection'>
  /** Writes through the API, as the system itself. */
  readonly server: { ensureObjects(objects: readonly KubeObject[], overwrite?: boolean): Promise<void> }
}

export interface Reapplied {
  /** Keys of the deny list, and names of DenyRules. */
  readonly denials: readonly string[]
  readonly rules: readonly string[]
}

/** The entries that the restored list lacks, or has otherwise. What it has beyond the log stays: a removal is not repeated. */
export function lostDenials(stored: Readonly<Record<string, string>>, logged: LoggedRevocations): Readonly<Record<string, string>> {
  return Object.fromEntries([...logged.denials].filter(([key, value]) => stored[key] !== value))
}

/**
 * Writes the lost denials, and denies the tokens of ServiceAccounts that were issued until `now` (in milliseconds since the epoch): some were
 * issued after the restored state, or for what was deleted since. Rejects if one cannot be written.
 */
export async function reapplyRevocations({ store, server }: ReapplyParts, logged: LoggedRevocations, now: number): Promise<Reapplied> {
  await server.ensureObjects(bootstrapNamespaces())
  const { namespace, name } = deniedCredentials
  const list: ListObject | undefined = store.collection({ groupResource: 'configmaps' }).newest(namespace, name)?.object
  const lost = lostDenials(list?.data ?? {}, logged)
  const data = { ...list?.data, ...lost, [restoredStoreKey]: formatAccountTokens(now) }
  const denyList: ListObject = {
    ...list,
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...withoutVersion(list), ...deniedCredentials },
    data,
  }
  const stored = store.collection({ groupResource: 'denyrules.bulkhead.dev' })
  const rules = [...logged.rules].flatMap(([rule, spec]): (KubeObject & { readonly spec: object })[] => {
    const known: (KubeObject & Partial<DenyRule>) | undefined = stored.newest('', rule)?.object
    if (writeJson(known?.spec) === writeJson(spec)) return []
    return [{ apiVersion: 'bulkhead.dev/v1alpha1', kind: 'DenyRule', metadata: { ...withoutVersion(known), name: rule }, spec }]
  })
  await server.ensureObjects([denyList, ...rules], true)
  return { denials: Object.keys(lost), rules: rules.map(({ metadata }) => metadata.name ?? '') }
}

/** So that the write replaces whatever is stored. */
function withoutVersion(object: KubeObject | undefined): KubeObject['metadata'] {
  const { resourceVersion: _, ...metadata } = object?.metadata ?? {}
  return metadata
}
