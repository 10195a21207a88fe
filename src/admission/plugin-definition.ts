// What one file of `plugins/` says of its plug-in: which requests it handles, when it is on, what is lost without it, and how it is made.
import type { AdmissionPlugin, AdmissionRequest, Operation } from './admission.ts'

/** Resources as in webhook rules: `pods`, `pods/status`, `jobs.batch`, `pods/*` for the subresources alone, `*` + `/*` for everything. */
export interface HandledRequests {
  readonly operations: readonly Operation[]
  readonly resources: readonly string[]
}

/** A row of `bulkhead status`: a default of the secure profile that this plug-in keeps. */
export interface StatusRow {
  readonly name: string
  /** What lifts it or where it is proved. */
  readonly note: string
  /** In force in the upstream profile, too. */
  readonly always?: true
  /** Other plug-ins without which the row does not hold. */
  readonly needs?: readonly string[]
}

export type PluginSteps = Omit<AdmissionPlugin, 'name' | 'handles'> & Partial<Pick<AdmissionPlugin, 'handles'>>

/** `Options` are those that this plug-in reads of all that the server supplies. */
export interface PluginDefinition<Options = unknown> {
  readonly name: string
  /** Upstream's names for what this one does, where they differ. */
  readonly also?: readonly string[]
  /** One sentence, for the table of `docs/admission.md`. */
  readonly does: string
  /** `secure`: by default in the secure profile only; `requested`: only where an administrator enables it. */
  readonly on: 'always' | 'secure' | 'requested'
  /** Makes it a protection of the secure profile, which only `--insecure-disable-admission-plugins` switches off: what is possible without it. */
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

/** Compiled once: it is asked twice by every write. */
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
