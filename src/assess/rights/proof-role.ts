// The ClusterRole of a proof: what its preparations and its clean-up need, as recorded while it ran.
import type { ClusterRole, PolicyRule } from '../../api/types/rbac-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ApiRequest, ApiResponse, Transport } from '../../client/transport/transport.ts'
import { type Right, rightsOf } from './request-rights.ts'

/** Records the rights that the requests through it need. */
export class RightsRecorder implements Transport {
  readonly #inner: Transport
  readonly #rights = new Map<string, Right>()

  constructor(inner: Transport) {
    this.#inner = inner
  }

  request(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    for (const right of rightsOf(request)) this.#rights.set(writeJson(right), right)
    return this.#inner.request(request, signal)
  }

  get rights(): readonly Right[] {
    return [...this.#rights.values()]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The owner of the inner transport closes it.
  }
}

/** Pure. One rule for each group and set of verbs, in a fixed order. `id` is that of a proof, or `run` for what each run needs beside its proofs. */
export function proofRole(id: string, rights: readonly Right[]): ClusterRole {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: `bulkhead-proof-${id.toLowerCase().replace('/', '-')}` },
    rules: [...resourceRules(rights), ...urlRules(rights)],
  }
}

function resourceRules(rights: readonly Right[]): PolicyRule[] {
  const byRule = new Map<string, PolicyRule>()
  for (const { group, resource, verbs } of verbsByResource(rights)) {
    const key = [group, ...verbs].join()
    const rule = byRule.get(key) ?? { apiGroups: [group], resources: [], verbs }
    rule.resources?.push(resource)
    byRule.set(key, rule)
  }
  return [...byRule.values()]
}

function verbsByResource(rights: readonly Right[]): { readonly group: string; readonly resource: string; readonly verbs: string[] }[] {
  const found = new Map<string, { group: string; resource: string; verbs: string[] }>()
  for (const right of rights) {
    if ('url' in right) continue
    const { group, resource, verb } = right
    const entry = found.get(`${group}/${resource}`) ?? { group, resource, verbs: [] }
    if (!entry.verbs.includes(verb)) entry.verbs = [...entry.verbs, verb].sort()
    found.set(`${group}/${resource}`, entry)
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}

function urlRules(rights: readonly Right[]): PolicyRule[] {
  const urls = (verb: string) => [...new Set(rights.flatMap(right => ('url' in right && right.verb === verb ? [right.url] : [])))].sort()
  const verbs = [...new Set(rights.flatMap(right => ('url' in right ? [right.verb] : [])))].sort()
  return verbs.map(verb => ({ nonResourceURLs: urls(verb), verbs: [verb] }))
}
