// The definition in each file of `plugins/`: which requests the plug-in handles, when it is on, what is possible without it, and how it is
// created.
import type { AdmissionPlugin, AdmissionRequest, Operation } from './admission.ts'

/** Resources as in webhook rules: `pods`, `pods/status`, `jobs.batch`, `pods/*` for the subresources only, `*` + `/*` for everything. */
export interface HandledRequests {
  readonly operations: readonly Operation[]
  readonly resources: readonly string[]
}

/** A row of `bulkhead status`: a secure default that this plug-in enforces. */
export interface StatusRow {
  readonly name: string
  /** How to lift it, or what to know about it; may be empty. */
  readonly note: string
  /** The proofs that attack it. */
  readonly proofs?: readonly string[]
  /** Also in force in the upstream profile. */
  readonly always?: true
  /** Other plug-ins that the row needs. */
  readonly needs?: readonly string[]
}

export type PluginSteps = Omit<AdmissionPlugin, 'name' | 'handles'> & Partial<Pick<AdmissionPlugin, 'handles'>>

/** `Options` are the server's inputs that this plug-in uses. */
export interface PluginDefinition<Options = unknown> {
  readonly name: string
  /** Upstream's names for the same function, if they differ. */
  readonly also?: readonly string[]
  /** One sentence, for the table of `docs/admission.md`. */
  readonly does: string
  /** `secure`: by default only in the secure profile; `requested`: only if an administrator enables it. */
  readonly on: 'always' | 'secure' | 'requested'
  /**
   * Makes it a protection of the secure profile, which only `--insecure-disable-admission-plugins` can switch off: what is possible without
   * it.
   */
  readonly guard?: string
  readonly handles: readonly HandledRequests[]
  readonly status?: readonly StatusRow[]
  /** `handles` of the steps narrows the rules above. */
  create(options: Options): PluginSteps
}

export function createPlugin<Options>(definition: PluginDefinition<Options>, options: Options): AdmissionPlugin {
  const { name, handles: rules } = definition
  const matches = requestMatcher(rules)
  const { handles: narrowed, ...steps } = definition.create(options)
  return { ...steps, name, handles: narrowed === undefined ? matches : request => matches(request) && narrowed(request) }
}

interface ResourceRule {
  readonly plural: string
  readonly group: string
  /** '*' for every subresource. */
  readonly subresource: string
}

/** Compiled once, because every write evaluates it twice. */
function requestMatcher(rules: readonly HandledRequests[]): (request: AdmissionRequest) => boolean {
  const compiled = rules.map(({ operations, resources }) => ({
    operations,
    everything: resources.includes('*/*'),
    resources: resources.map(parseResource),
  }))
  return ({ operation, resource, subresource }) => {
    for (const { operations, everything, resources } of compiled) {
      if (!operations.includes(operation)) continue
      if (everything) return true
      for (const rule of resources)
        if (
          rule.plural === resource.plural &&
          rule.group === resource.group &&
          (rule.subresource === '*' ? subresource !== '' : rule.subresource === subresource)
        )
          return true
    }
    return false
  }
}

function parseResource(text: string): ResourceRule {
  const [path = '', subresource = ''] = text.split('/')
  const dot = path.indexOf('.')
  return dot < 0 ? { plural: path, group: '', subresource } : { plural: path.slice(0, dot), group: path.slice(dot + 1), subresource }
}
