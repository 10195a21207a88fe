// Webhooks of both kinds, compiled once per change and found by the kind of request.
import type { ResourceDefinition } from '../../api/resources/resource.ts'
import type { StoreView } from '../../api/store-view.ts'
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from '../../api/types/admissionregistration-v1.ts'
import { requireLate } from '../../base/async/late-module.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { AdmissionMetrics } from '../admission-metrics.ts'
import { compileMatchResources, type MatchContext, type ResourceMatcher } from '../matching/match-resources.ts'
import { RequestIndex } from '../matching/request-index.ts'
import type { Conditions } from '../policy/match-conditions.ts'
import type * as engine from '../policy/policy-engine-late.ts'

export type AnyWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>
type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration

export interface Hook {
  /** A unique id, also among webhooks of the same name in one configuration. */
  readonly id: string
  /** Kind and name of the object that contains it. */
  readonly kind: 'MutatingWebhookConfiguration' | 'ValidatingWebhookConfiguration'
  readonly configuration: string
  readonly webhook: AnyWebhook
  /** Its index among all hooks of its kind. */
  readonly place: number
  readonly failsOpen: boolean
  readonly matcher: ResourceMatcher
  /** Compiled with the first request that the rules match. */
  readonly conditions: () => Conditions
}

/** Upstream never calls webhooks for these, so that their authors can remove a webhook that refuses everything. */
const exemptKinds: ReadonlySet<string> = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
])

const isExempt = ({ group, kind }: ResourceDefinition): boolean => group === 'admissionregistration.k8s.io' && exemptKinds.has(kind)

export interface HookContext extends MatchContext {
  readonly view: Pick<StoreView, 'follow'>
  readonly metrics: AdmissionMetrics
}

/** The webhooks of one kind of configuration, ordered by configuration and then by position. */
export class HookIndex {
  readonly #index: RequestIndex<Hook>

  constructor(kind: Hook['kind'], context: HookContext) {
    const resource = `${kind.toLowerCase()}s.admissionregistration.k8s.io`
    this.#index = new RequestIndex({
      load() {
        // The schema of the resource decoded its objects.
        const hooks = hooksOf(kind, context.reader.list(resource) as readonly Configuration[], context)
        context.metrics.hooksAre(
          kind === 'MutatingWebhookConfiguration',
          hooks.map(({ webhook }) => webhook.name),
        )
        return hooks
      },
      covers: ({ matcher }, operation, definition, subresource) =>
        !isExempt(definition) && matcher.covers(operation, definition, subresource),
    })
    context.view.follow(resource, () => this.#index.forget())
  }

  /** Those whose rules may match the request. */
  candidates(request: AdmissionRequest): readonly Hook[] {
    return this.#index.candidates(request)
  }
}

function hooksOf(kind: Hook['kind'], configurations: readonly Configuration[], context: MatchContext): readonly Hook[] {
  const sorted = configurations.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const seen = new Map<string, number>()
  return sorted
    .flatMap(({ metadata: { name = '' }, webhooks = [] }) => webhooks.map(webhook => ({ name, webhook })))
    .map(({ name, webhook }, place): Hook => {
      const key = `${name}/${webhook.name}`
      const count = seen.get(key) ?? 0
      seen.set(key, count + 1)
      const { rules = [], namespaceSelector, objectSelector, matchPolicy } = webhook
      let conditions: Conditions | undefined
      return {
        id: `${kind}/${key}/${count}`,
        kind,
        configuration: name,
        webhook,
        place,
        failsOpen: webhook.failurePolicy === 'Ignore',
        matcher: compileMatchResources(
          {
            resourceRules: rules,
            ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
            ...(objectSelector === undefined ? {} : { objectSelector }),
            ...(matchPolicy === undefined ? {} : { matchPolicy }),
          },
          context,
        ),
        conditions: () => {
          conditions ??= compile(webhook)
          return conditions
        },
      }
    })
    .filter(({ webhook }) => (webhook.rules ?? []).length > 0)
}

function compile({ matchConditions = [] }: AnyWebhook): Conditions {
  if (matchConditions.length === 0) return []
  // The engine takes megabytes, which a server without expressions does not need.
  const { compileConditions } = requireLate<typeof engine>(import.meta.url, '../policy/policy-engine-late.ts')
  return compileConditions(matchConditions, false)
}
